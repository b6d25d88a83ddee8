# Part of Maek, under the MIT licence; see LICENSE.
"""ONNX's operators in the language: a writer takes a node and gives an expression,
or a list of them, one for each output of the node. A module is a family of
operators, which are compiled together; its PRELUDE holds what it adds to the
standard library."""
from . import (attention, elementwise, indexing, losses, normalization, products,
               recurrent, reductions, shapes, windows)

FAMILIES = {module.__name__.rpartition(".")[2]: module for module in (
    attention, elementwise, indexing, losses, normalization, products, recurrent,
    reductions, shapes, windows)}
WRITERS = {op: (family, write) for family, module in FAMILIES.items()
           for op, write in module.WRITERS.items()}
