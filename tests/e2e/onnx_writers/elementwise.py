# Part of Maek, under the MIT licence; see LICENSE.
"""Functions of numbers."""
from .node import Skip, number, together

PRELUDE = """
fn elu(x, α) = where(x < 0, α * (exp(min(x, 0)) - 1), x)
"""


def unary(pattern, **defaults):
    def write(node):
        values = {k: number(node.get(k, v)) for k, v in defaults.items()}
        return pattern.format(x=node(0), **values)
    return write


def joined(pattern):
    """Two or more operands, one after the other."""
    def write(node):
        text, *rest = together(node, *range(len(node.values)))
        for other in rest:
            text = pattern.format(a=text, b=other)
        return text
    return write


def mean(node):
    return f"({joined('({a} + {b})')(node)}) / {len(node.values)}"


def divide(node):
    if node.whole():
        raise Skip("a quotient cut to a whole number")
    return joined("({a} / {b})")(node)


def equal(node):
    """Of numbers, or of classes where there are no numbers below 0."""
    if node.values[0].dtype.kind != "u":
        return joined("({a} == {b})")(node)
    count = max(node.values[0].max(), node.values[1].max()) + 1
    return f"({node.classes(0, count)} == {node.classes(1, count)})"


def clip(node):
    low, high = (float(node.values[i]) if node.has(i) else limit
                 for i, limit in ((1, -float("inf")), (2, float("inf"))))
    if low > high:  # no interval: there the upper bound holds
        return f"min(max({node(0)}, {number(low)}), {number(high)})"
    return f"clamp({node(0)}, {number(low)}, {number(high)})"


def where(node):
    condition, a, b = together(node, 0, 1, 2)
    return f"where({condition} > 0.5, {a}, {b})"


def gelu(node):
    return f"{'gelu' if node.get('approximate') == b'tanh' else 'gelu_exact'}({node(0)})"


def is_infinite(node):
    signs = [sign for sign, name in (("inf", "detect_positive"), ("-inf", "detect_negative"))
             if node.get(name, 1)]
    return " + ".join(f"({node(0)} == {sign})" for sign in signs)


def dropout(node):
    """Outside of training, where nothing is dropped."""
    p = number(node.values[1]) if node.has(1) else number(node.get("ratio", 0.5))
    texts = [f"dropout({node(0)}, {p})"]
    if len(node.outputs) > 1:
        texts.append(f"dropout(1 + 0 * {node(0)}, {p}) > 0")
    return texts


WRITERS = {
    "Abs": unary("abs({x})"), "Acosh": unary("log({x} + √({x}² - 1))"),
    "Asinh": unary("log({x} + √({x}² + 1))"), "Atanh": unary("0.5 * log((1 + {x}) / (1 - {x}))"),
    "Cos": unary("cos({x})"), "Cosh": unary("(exp({x}) + exp(-{x})) / 2"), "Erf": unary("erf({x})"),
    "Exp": unary("exp({x})"), "Gelu": gelu,
    "HardSwish": unary("{x} * clamp({x} / 6 + 0.5, 0, 1)"), "Identity": unary("{x}"),
    "IsInf": is_infinite, "IsNaN": unary("{x} != {x}"), "Log": unary("log({x})"),
    "Mish": unary("{x} * tanh(softplus({x}))"), "Neg": unary("-{x}"), "Not": unary("{x} == 0"),
    "Reciprocal": unary("1 / {x}"), "Relu": unary("relu({x})"), "Sigmoid": unary("σ({x})"),
    "Sign": unary("({x} > 0) - ({x} < 0)"), "Sin": unary("sin({x})"),
    "Sinh": unary("(exp({x}) - exp(-{x})) / 2"), "Softplus": unary("softplus({x})"),
    "Softsign": unary("{x} / (1 + abs({x}))"), "Sqrt": unary("√({x})"),
    "Tan": unary("sin({x}) / cos({x})"), "Tanh": unary("tanh({x})"),
    "Celu": unary("{alpha} * elu({x} / {alpha}, 1)", alpha=1.0),
    "Elu": unary("elu({x}, {alpha})", alpha=1.0),
    "HardSigmoid": unary("clamp({alpha} * {x} + {beta}, 0, 1)", alpha=0.2, beta=0.5),
    "LeakyRelu": unary("where({x} < 0, {alpha} * {x}, {x})", alpha=0.01),
    "Selu": unary("{gamma} * elu({x}, {alpha})", alpha=1.67326319217681884765625,
                  gamma=1.05070102214813232421875),
    "Shrink": unary("where({x} < -{lambd}, {x} + {bias}, where({x} > {lambd}, {x} - {bias}, 0))",
                    lambd=0.5, bias=0.0),
    "Swish": unary("{x} * σ({alpha} * {x})", alpha=1.0),
    "ThresholdedRelu": unary("where({x} > {alpha}, {x}, 0)", alpha=1.0),
    "SwiGLU": lambda node: f"{unary('{x} * σ({alpha} * {x})', alpha=1.0)(node)} * {node(1)}",
    "Add": joined("({a} + {b})"), "And": joined("({a} * {b})"), "Div": divide,
    "Max": joined("max({a}, {b})"), "Mean": mean, "Min": joined("min({a}, {b})"),
    "Mul": joined("({a} * {b})"), "Or": joined("max({a}, {b})"),
    "PRelu": joined("where({a} < 0, {b} * {a}, {a})"), "Pow": joined("{a}^{b}"),
    "Sub": joined("({a} - {b})"), "Sum": joined("({a} + {b})"), "Xor": joined("({a} != {b})"),
    "Clip": clip, "Dropout": dropout, "Where": where,
    "Equal": equal, "Greater": joined("({a} > {b})"),
    "GreaterOrEqual": joined("({a} >= {b})"), "Less": joined("({a} < {b})"),
    "LessOrEqual": joined("({a} <= {b})"),
}
