# Part of Maek, under the MIT licence; see LICENSE.
"""What `./dev gpu-check` times: the workloads of bench/peers at sizes that fill a
GPU, or small ones that only show that everything runs."""
import dataclasses
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "peers"))

from workloads import GATES, STEPS, Workload, attention_flops, block_flops  # noqa: E402


@dataclasses.dataclass(frozen=True)
class GpuWorkload(Workload):
    bytes: float = 0  # that it cannot do without moving, if that is the limit
    vit: dict = dataclasses.field(default_factory=dict, hash=False)  # of a ViT


def products(small):
    n = 256 if small else 4096
    yield GpuWorkload(f"gemm_{n}", "product", "products.maek", "Product",
                      sizes={"M": n, "K": n, "N": n}, flops=2 * n**3)
    k, n = (128, 256) if small else (4096, 16384)
    yield GpuWorkload(f"one_row_{k}x{n}", "skinny", "products.maek", "Skinny",
                      (f"K={k}", f"N={n}"), {"B": 1, "K": k, "N": n},
                      flops=2 * k * n, bytes=4 * k * n)


def recurrent(small):
    width, batch, steps = (32, 4, 5) if small else (1024, 64, STEPS)
    sizes = {"B": batch, "H": width, "T": steps, "cell": "LSTM"}
    sets = (f"I={width}", f"H={width}")
    one = 2 * steps * batch * GATES["LSTM"] * width * width
    yield GpuWorkload(f"lstm_H{width}_B{batch}", "recurrent", "recurrent.maek", "OneLSTM",
                      sets, sizes, flops=2 * one)
    yield GpuWorkload(f"lstm_train_H{width}_B{batch}", "recurrent_training", "recurrent.maek",
                      "TrainedLSTM", sets, sizes, "train_step", 5 * one)


def attention(small):
    for n in (64,) if small else (4096, 16384):
        for causal in (False, True):
            name, model = ("_causal", "Causal") if causal else ("", "Plain")
            forward = attention_flops(1, n, 512, causal)
            sizes = {"N": n, "causal": causal}
            yield GpuWorkload(f"attention_N{n}{name}", "attention", "attention.maek", model,
                              sizes=sizes, flops=forward)
            yield GpuWorkload(f"attention_N{n}{name}_backward", "attention_backward",
                              "attention.maek", f"{model}Backward", sizes=sizes,
                              flops=3 * forward)


def images(small):
    batch, v = 64, {"d": 768, "heads": 12, "hidden": 3072, "depth": 12, "classes": 1000}
    sets = ("d=768", "heads=12")
    if small:
        batch, v = 1, {"d": 32, "heads": 2, "hidden": 128, "depth": 1, "classes": 1000}
        sets = ("d=32", "heads=2", "depth=1")
    forward = (v["depth"] * block_flops(batch, 197, v["d"], v["hidden"])
               + 2 * batch * v["d"] * (196 * 768 + v["classes"]))
    name, file = f"vit_d{v['d']}_B{batch}", "../../models/timm_vit.maek"
    yield GpuWorkload(name, "vit", file, "ViT", sets, {"B": batch, "tokens": 1},
                      flops=forward, vit=v)
    first, second, dense = 26 * 26 * 32 * 9, 24 * 24 * 64 * 32 * 9, 9216 * 128 + 1280
    batch = 2 if small else 512
    yield GpuWorkload(f"cnn_train_B{batch}", "cnn_training", "cnn.maek", "CNN",
                      sizes={"B": batch}, entry="train_step",
                      flops=2 * batch * (2 * first + 3 * (second + dense)))


def list_workloads(small):
    return [w for group in (products, recurrent, attention, images) for w in group(small)]
