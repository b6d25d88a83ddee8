# Part of Maek, under the MIT licence; see LICENSE.
"""Nodes that are a step of training: optimizers, and layers that do something else
in it. Each kind is one model, of whose library one step is run."""
import numpy
from safetensors.numpy import load_file, save_file

from library import Model

from .node import Skip, listed, number

# Nesterov's momentum, and Duchi, Hazan, Singer 2011.
OPTIMIZERS = """
optimizer nesterov(lr = 0.1, momentum = 0) {
  state v = 0

  step (p, g, lr, t) -> p {
    v = momentum * v + g
    p = p - lr * (g + momentum * v)
  }
}

optimizer adagrad(lr = 0.1, eps = 1e-6) {
  state h = 0

  step (p, g, lr, t) -> p {
    h = h + g²
    p = p - lr * g / (√h + eps)
  }
}
"""

OPS = ("Adagrad", "Adam", "Momentum")  # that are nothing else


def kind_of(node):
    """What the node is a step of; None of those that are none."""
    if node.op == "Momentum":
        return {b"standard": "sgd", b"nesterov": "nesterov"}[node.get("mode")]
    if node.op == "BatchNormalization" and node.get("training_mode"):
        return "layers"
    if node.op == "Dropout" and node.has(2) and node.values[2]:
        if node.values[1] != 0:
            raise Skip("random numbers")
        return "layers"
    return {"Adam": "adam", "Adagrad": "adagrad"}.get(node.op)


class OptimizerStep:
    """A gradient G of X by the loss sum(G * X). Where T is 0, ONNX corrects no
    bias: nor does Adam after many steps."""
    STATES = {"adam": ("m", "v"), "sgd": ("v",), "nesterov": ("v",), "adagrad": ("h",)}
    SETTINGS = {"adam": {"β1": "alpha", "β2": "beta", "eps": "epsilon"},
                "sgd": {"momentum": "alpha", "weight_decay": "norm_coefficient"},
                "nesterov": {"momentum": "alpha"}, "adagrad": {"eps": "epsilon"}}
    done = 10**6

    def __init__(self, kind, members):
        self.kind, self.members = kind, members
        self.lr = float(members[0][1].values[0])
        self.arrays, self.weights, self.needed, self.body = {}, {}, [], []
        self.train = [f"optimizer {kind}(lr = {self.lr})"]
        loss = []
        for m, (test, node) in enumerate(members):
            assert node.values[0] == self.lr and node.values[1] == 0, test
            for i, (x, g, states, outputs) in enumerate(self.tensors(node)):
                name, shape = f"x{m}_{i}", listed(x.shape)
                self.body += [f"input g_{name} : {shape}", f"param {name} : {shape} = 0"]
                self.train.append(f'except "{name}" ({self.settings(node)})')
                loss.append(self.loss(node, name))
                self.arrays[f"g_{name}"] = g[None]
                names = [name, *(f"{kind}.{state}.{name}" for state in self.STATES[kind])]
                self.weights |= dict(zip(names, [x, *states], strict=True))
                self.needed += [(test, *pair) for pair in zip(names, outputs, strict=True)]
        self.body += [f"loss = {' + '.join(loss)}", "y = 0 * g_x0_0", "output y"]

    def tensors(self, node):
        """X, G, the states and what becomes of X and the states, of each tensor."""
        parts = 2 + len(self.STATES[self.kind])
        count = (len(node.values) - 2) // parts
        for i in range(count):
            x, g, *states = node.values[2 + i::count]
            yield x, g, states, node.outputs[i::count]

    def settings(self, node):
        return ", ".join(f"{ours} = {number(node.get(theirs))}"
                         for ours, theirs in self.SETTINGS[self.kind].items())

    def loss(self, node, name):
        """With the square whose gradient is norm_coefficient * X, where the
        optimizer has no weight_decay."""
        text = f"sum(g_{name} * {name})"
        if "weight_decay" in self.SETTINGS[self.kind]:
            return text
        return f"{text} + {number(node.get('norm_coefficient') / 2)} * sum({name}²)"

    def compare(self, check, saved, _):
        for test, name, needed in self.needed:
            check(test, saved[name], needed)


class LayerStep:
    """Layers whose outputs are compared in the step itself: the metrics say how many
    are near enough."""
    done, lr = 0, 0.1

    def __init__(self, _, members):
        self.members = members
        self.arrays, self.weights, self.body = {}, {}, []
        for i, (_, node) in enumerate(members):
            x, t = node.values[0], node.outputs[0]
            text = f"dropout(x{i}, 0)"
            if node.op == "BatchNormalization":
                text = self.batch_norm(i, node)
            else:  # each example is the whole of it
                x, t = (numpy.stack([array] * 2) for array in (x, t))
            shape = listed(x.shape[1:])
            self.arrays |= {f"x{i}": x, f"t{i}": t}
            self.body += [f"input x{i} : {shape}", f"target t{i} : {shape}", f"y{i} = {text}",
                          f"output y{i}",
                          f"metric near{i} = mean(abs(y{i} - t{i}) < 1e-4 * (abs(t{i}) + 0.1))"]
            if len(node.outputs) == 2:
                assert node.outputs[1].all()
                self.body.append(f"metric kept{i} = mean(dropout(0 * x{i} + 1, 0) > 0)")
        batch_norms = [f"mse(y{i}, t{i})" for i, (_, node) in enumerate(members)
                       if node.op == "BatchNormalization"]
        self.body.append(f"loss = {' + '.join(batch_norms)}")
        self.train = [f"optimizer sgd(lr = {self.lr})"]

    def batch_norm(self, i, node):
        names = ("gamma", "beta", "mean", "variance")
        self.weights |= {f"norm{i}.{name}": value for name, value in zip(
            names, node.values[1:], strict=True)}
        keep, eps = node.get("momentum", 0.9), node.get("epsilon", 1e-5)
        self.body.append(f"norm{i} = BatchNorm({node.shape()[1]}, momentum = {number(1 - keep)}, "
                         f"eps = {number(eps)})")
        return f"permute(norm{i}(permute(x{i}, [1, 2, 0])), [2, 0, 1])"

    def compare(self, check, saved, scalar):
        for i, (test, node) in enumerate(self.members):
            check(test, scalar(f"near{i}"), 1)
            if node.op == "BatchNormalization":
                check(test, saved[f"norm{i}.mean"], node.outputs[1])
                check(test, saved[f"norm{i}.variance"], self.unbiased(node))
            elif len(node.outputs) == 2:
                check(test, scalar(f"kept{i}"), 1)

    def unbiased(self, node):
        """ONNX follows the variance of the batch, the standard library, as PyTorch,
        what it says of that of all examples."""
        keep = node.get("momentum", 0.9)
        old, new, n = node.values[4], node.outputs[2], node.values[0].size // node.shape()[1]
        return keep * old + (new - keep * old) * n / (n - 1)


def run_step(kind, members, test):
    """Compiles the step, runs it once, and compares by `test`, a MaekTest."""
    step = (LayerStep if kind == "layers" else OptimizerStep)(kind, members)
    text = "\n".join([OPTIMIZERS, "model M {", *step.body, "}", "train M {",
                      *(f"  {line}" for line in step.train), "}", ""])
    source, library = test.folder / f"{kind}.maek", test.folder / f"lib{kind}.so"
    source.write_text(text)
    test.maek("build", source, "--emit=shared", "-o", library)
    weights = test.folder / f"{kind}.safetensors"
    save_file({name: numpy.ascontiguousarray(value) for name, value in step.weights.items()},
              weights, {"maek.step": str(step.done)})
    model = Model(library, kind)
    arrays = {name: numpy.ascontiguousarray(array) for name, array in step.arrays.items()}
    try:
        model.call("load", str(weights).encode())
        model.train_step(arrays, lr=step.lr)
        model.call("save", str(weights).encode())
        step.compare(test.compare, load_file(weights), model.scalar)
    finally:
        model.close()
