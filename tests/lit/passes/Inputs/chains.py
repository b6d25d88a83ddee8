# Part of Maek, under the MIT licence; see LICENSE.
# Prints a function that holds a chain of ops: chains.py KIND LENGTH
import sys


def role(name, kind="input"):
    return f'{{maek.role = "{kind}", maek.name = "{name}"}}'


def chain(op, name, first, length):
    """Lines that compute %NAME1, %NAME2, ..., and the last value."""
    names = [first] + [f"%{name}{i}" for i in range(1, length + 1)]
    return [op.format(result=result, operand=operand)
            for operand, result in zip(names, names[1:])], names[-1]


def views(length):
    """Transposes, to and fro."""
    x = "tensor<4x6x5xf32>"
    lines, last = chain(f"{{result}} = maek.transpose {{operand}} [0, 1, 2] : {x}",
                        "c", "%x", length)
    return [f"func.func @forward(%x: {x} {role('x')}) -> ({x} {role('y', 'output')}) {{",
            *lines, f"%y = maek.tanh {last} : {x}", f"return %y : {x}", "}"]


def repeats(length):
    """Broadcasts along no axis, which each kernel repeats."""
    x = "tensor<4x6xf32>"
    lines, last = chain(f"{{result}} = maek.broadcast {{operand}} dims [0, 1] : {x} -> {x}",
                        "c", "%e", length)
    return [f"func.func @forward(%x: {x} {role('x')}) -> ({x} {role('y', 'output')}) {{",
            f"%e = maek.exp %x : {x}", *lines, f"%y = maek.tanh {last} : {x}",
            f"return %y : {x}", "}"]


def joins(length):
    """Concats of concats, each of one more row, that a kernel makes."""
    row = "tensor<1x4xf32>"
    lines, last = ["%c0 = maek.tanh %x : " + row], "%c0"
    for i in range(1, length + 1):
        lines += [f"%k{i} = maek.exp %x : {row}",
                  f"%c{i} = maek.concat {last}, %k{i} dim 0 : tensor<{i}x4xf32>, {row}"]
        last = f"%c{i}"
    whole = f"tensor<{length + 1}x4xf32>"
    return [f"func.func @forward(%x: {row} {role('x')}) -> ({whole} {role('y', 'output')}) {{",
            *lines, f"return {last} : {whole}", "}"]


def packs(length):
    """Each concat joins the one before with itself, which a pack reads."""
    lines, last = chain("{result} = maek.concat {operand}, {operand} dim 0 : "
                        "tensor<0x16xf32>, tensor<0x16xf32>", "c", "%w", length)
    return [f"func.func @forward(%w: tensor<0x16xf32> {role('w')})"
            f" -> (tensor<0x16x16xf32> {role('y', 'output')}) {{", *lines,
            f"%p = maek.pack {last} dim 0 width 16 order [1] : tensor<0x16xf32>",
            "return %p : tensor<0x16x16xf32>", "}"]


def attention(scales, offsets):
    """Scores that so many numbers scale, and a causal mask in which so many
    are added to the index."""
    s = "tensor<8x8xf32>"
    scaled, score = chain(f"{{result}} = maek.mul {{operand}}, %one : {s}", "b",
                          "%s", scales)
    added, index = chain(f"{{result}} = maek.add {{operand}}, %zero : {s}", "a",
                         "%i", offsets)
    operands = "tensor<8x4xf32>, tensor<8x4xf32>"
    return [f"func.func @forward(%q: tensor<8x4xf32>) -> tensor<8x4xf32> {{",
            f'%s = maek.einsum "id,jd->ij" %q, %q : {operands}',
            f"%i = maek.iota 0 : {s}", f"%j = maek.iota 1 : {s}",
            f"%one = maek.constant 1.0 : {s}", f"%zero = maek.constant 0.0 : {s}",
            f"%inf = maek.constant 0xFFF0000000000000 : {s}", *scaled, *added,
            f"%m = maek.compare le %j, {index} : {s} -> tensor<8x8xi1>",
            f"%t = maek.select %m, {score}, %inf : tensor<8x8xi1>, {s}",
            f"%r = maek.reduce max %t dims [1] : {s}",
            f"%rb = maek.broadcast %r dims [0] : tensor<8xf32> -> {s}",
            f"%d = maek.sub %t, %rb : {s}", f"%e = maek.exp %d : {s}",
            f"%u = maek.reduce sum %e dims [1] : {s}",
            f"%ub = maek.broadcast %u dims [0] : tensor<8xf32> -> {s}",
            f"%p = maek.div %e, %ub : {s}",
            f'%y = maek.einsum "ij,jd->id" %p, %q : {s}, tensor<8x4xf32>',
            "return %y : tensor<8x4xf32>", "}"]


def scales(length):
    return attention(length, 0)


def offsets(length):
    return attention(0, length)


def positions(length):
    """The numbers of the steps, repeated along no axis, in a mask."""
    x, s = "tensor<?x?x4xf32, #maek.dims<B, T>>", "tensor<?x?x?xf32, #maek.dims<B, T, T>>"
    text, mask = "tensor<?x?xi32, #maek.dims<B, T>>", "tensor<?x?x?xi1, #maek.dims<B, T, T>>"
    lines, last = chain(f"{{result}} = maek.broadcast {{operand}} dims [0, 1, 2] : {s} -> {s}", "c",
                        "%i", length)
    return [f"func.func @generate_step(%text: {text} {role('text')}, %E: tensor<7x4xf32>"
            f" {role('E', 'parameter')}) -> ({x} {role('y', 'output')})"
            ' attributes {maek.text = "text"} {',
            f"%x = maek.gather %E at %text : tensor<7x4xf32>, {text}",
            f'%s = maek.einsum "bid,bjd->bij" %x, %x : {x}, {x}',
            f"%i = maek.iota 1 : {s}", f"%j = maek.iota 2 : {s}", *lines,
            f"%m = maek.compare le %j, {last} : {s} -> {mask}",
            f"%z = maek.constant 0.0 : {s}",
            f"%p = maek.select %m, %s, %z : {mask}, {s}",
            f'%o = maek.einsum "bij,bjd->bid" %p, %x : {s}, {x}',
            f"return %o : {x}", "}"]


KINDS = {function.__name__: function
         for function in (views, repeats, joins, packs, scales, offsets,
                          positions)}

print("\n".join(KINDS[sys.argv[1]](int(sys.argv[2]))))
