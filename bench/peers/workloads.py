# Part of Maek, under the MIT licence; see LICENSE.
"""What is measured: each workload with its sizes, the Maek model that computes
it, and the floating-point operations that it cannot do without."""
import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STEPS = 100  # of a recurrent network
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
CHARS = {"n": 96, "d": 128, "heads": 4, "hidden": 512, "depth": 2, "T": 128}
VIT = {"d": 192, "heads": 3, "hidden": 768, "depth": 12, "classes": 1000}


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    kind: str  # which network of networks.py
    file: str  # the Maek model: file, name, hyperparameters
    model: str
    sets: tuple = ()
    sizes: dict = dataclasses.field(default_factory=dict, hash=False)
    entry: str = "forward"
    flops: float = 0
    # The goal: Maek's time over the best peer's; with two threads, and where that
    # peer is under 60 % of the limit, if it is another one there.
    goal: float = 1
    goal_two: float = 0
    goal_slow: float = 0

    def goal_of(self, threads, share):
        """`share`: of the limit, what the best peer reaches."""
        if self.goal_slow and share < 0.6:
            return self.goal_slow
        return self.goal_two if threads > 1 and self.goal_two else self.goal

    @property
    def trains(self):
        return self.entry == "train_step"

    @property
    def generates(self):
        return self.entry == "generate_step"


def attention_flops(batch, steps, width, causal=False):
    """Q Kᵀ and A V; of a causal one the half that is needed."""
    return 4 * batch * steps * steps * width / (2 if causal else 1)


def block_flops(batch, steps, width, hidden, causal=False):
    """Of a Transformer's layer: Q, K, V, the output, two dense layers."""
    dense = 2 * batch * steps * (4 * width * width + 2 * width * hidden)
    return dense + attention_flops(batch, steps, width, causal)


def resnet18_flops(batch):
    total = 112 * 112 * 64 * 3 * 7 * 7 + 512 * 1000
    for stage, side in enumerate((56, 28, 14, 7)):
        width = 64 << stage
        total += side**2 * 4 * 9 * width**2  # the first stage's four convolutions
        if stage:  # the first one reads half the channels, as does the shortcut
            total -= side**2 * (9 * width**2 // 2 - width**2 // 2)
    return 2 * batch * total


def products():
    for n in (512, 1024):
        yield Workload(f"gemm_{n}", "product", "products.maek", "Product",
                       sizes={"M": n, "K": n, "N": n}, flops=2 * n**3, goal=0.98)
    for m in (1, 16, 64):
        yield Workload(f"skinny_M{m}", "skinny", "products.maek", "Skinny",
                       ("K=512", "N=2048"), {"B": m, "K": 512, "N": 2048},
                       flops=2 * m * 512 * 2048, goal=0.98, goal_two=0.9 if m == 1 else 0)


def recurrent():
    def one(cell, width, batch):
        return 2 * STEPS * batch * GATES[cell] * width * width

    def workload(name, model, cell, width, batch, flops, goals, **more):
        sizes = {"B": batch, "H": width, "T": STEPS, "cell": cell, **more}
        return Workload(f"{name}_H{width}_B{batch}", "recurrent", "recurrent.maek",
                        model, (f"I={width}", f"H={width}"), sizes, flops=flops, **goals)

    for cell, widths in (("LSTM", (128, 256, 512)), ("GRU", (256,)), ("RNN", (256,))):
        for width in widths:
            for batch in (1, 16, 64):
                goals = ({"goal": 0.95, "goal_slow": 0.75} if cell == "LSTM" else
                         {"goal": 0.9, "goal_slow": 0.6})
                yield workload(cell.lower(), f"One{cell}", cell, width, batch,
                               2 * one(cell, width, batch), goals)
    for batch in (1, 16, 64):
        # Each of three layers reads and carries H values; two directions.
        yield workload("stacked_lstm", "StackedLSTM", "LSTM", 256, batch,
                       6 * one("LSTM", 256, batch), {"goal": 0.95, "goal_two": 0.8}, layers=3)
        yield workload("both_lstm", "BothLSTM", "LSTM", 256, batch,
                       4 * one("LSTM", 256, batch), {"goal": 0.95, "goal_two": 0.8}, both=True)
    # Two products forward; backward both weights' gradients, and dh.
    yield Workload("lstm_train_H256_B32", "recurrent_training", "recurrent.maek",
                   "TrainedLSTM", ("I=256", "H=256"),
                   {"B": 32, "H": 256, "T": STEPS, "cell": "LSTM"}, "train_step",
                   5 * one("LSTM", 256, 32), goal=0.7)


def attention():
    for n in (128, 512, 2048):
        for causal in (False, True):
            sizes = {"N": n, "causal": causal}
            name, model = ("_causal", "Causal") if causal else ("", "Plain")
            forward = attention_flops(1, n, 512, causal)
            yield Workload(f"attention_N{n}{name}", "attention", "attention.maek",
                           model, sizes=sizes, flops=forward, goal=0.65 if causal else 0.95)
            # Backward: dV, dA, dQ and dK; what is computed twice is not counted.
            yield Workload(f"attention_N{n}{name}_backward", "attention_backward",
                           "attention.maek", f"{model}Backward", sizes=sizes,
                           flops=3 * forward, goal=0.8)


def transformers():
    c = CHARS
    layer = block_flops(32, c["T"], c["d"], c["hidden"])
    yield Workload("encoder_layer_B32", "encoder_layer", "transformer.maek",
                   "EncoderLayer", sizes={"B": 32, "T": c["T"]}, flops=layer, goal=0.95)
    flops = (c["depth"] * block_flops(32, c["T"], c["d"], c["hidden"], causal=True)
             + 2 * 32 * c["T"] * c["d"] * c["n"])
    sizes = {"B": 32, "T": c["T"]}
    yield Workload("char_lm_B32", "char_lm", "transformer.maek", "CharLM",
                   sizes=sizes, flops=flops, goal=0.95)
    yield Workload("char_lm_train_B32", "char_lm_training", "transformer.maek",
                   "CharLM", sizes=sizes, entry="train_step", flops=3 * flops, goal=0.7)
    # One text, character after character: keys and values are kept.
    for width, heads in ((c["d"], c["heads"]), (512, 8)):
        wide = {"d": width, "heads": heads, "hidden": 4 * width}
        flops = (c["depth"] * block_flops(1, c["T"], width, 4 * width, causal=True)
                 + 2 * c["T"] * width * c["n"])
        yield Workload(f"generate_d{width}", "generation", "transformer.maek", "CharLM",
                       tuple(f"{name}={size}" for name, size in wide.items()),
                       {**c, **wide, "B": 1}, "generate_step", flops, goal=0.5)


def images():
    v = VIT
    for name, model, file, tokens in (("vit_ti", "ViT", "timm_vit.maek", 1),
                                      ("deit_ti", "DeiT", "timm_deit.maek", 2)):
        for batch in (1, 8):
            flops = (v["depth"] * block_flops(batch, 196 + tokens, v["d"], v["hidden"])
                     + 2 * batch * v["d"] * (196 * 768 + tokens * v["classes"]))
            yield Workload(f"{name}_B{batch}", "vit", f"../../models/{file}", model,
                           sizes={"B": batch, "tokens": tokens}, flops=flops, goal=0.95)
    # Three times the student, without a gradient of the image; the teacher once.
    student = (3 * (v["depth"] * block_flops(8, 198, v["d"], v["hidden"])
                    + 2 * 8 * v["d"] * 2 * v["classes"]) + 2 * 2 * 8 * v["d"] * 196 * 768)
    yield Workload("deit_ti_distil_B8", "distillation_training", "distillation.maek", "DeiT",
                   sizes={"B": 8}, entry="train_step", flops=student + resnet18_flops(8),
                   goal=0.7)
    first, second, dense = 26 * 26 * 32 * 9, 24 * 24 * 64 * 32 * 9, 9216 * 128 + 1280
    for batch in (1, 64):
        yield Workload(f"cnn_B{batch}", "cnn", "cnn.maek", "CNN", sizes={"B": batch},
                       flops=2 * batch * (first + second + dense), goal=0.95)
    # No gradient of the image.
    yield Workload("cnn_train_B64", "cnn_training", "cnn.maek", "CNN",
                   sizes={"B": 64}, entry="train_step",
                   flops=2 * 64 * (2 * first + 3 * (second + dense)), goal=0.7)


WORKLOADS = {w.name: w for group in (products, recurrent, attention, transformers, images)
             for w in group()}
