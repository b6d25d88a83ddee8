# Part of Maek, under the MIT licence; see LICENSE.
"""models/lstm.maek in PyTorch, eager: Fashion-MNIST's rows, H = 128, batch
128, Adam 1e-3, clipping at norm 1, cosine schedule with 200 steps of warm-up.
Prints one JSON line per epoch. Needs torch and numpy only."""
import argparse
import gzip
import json
import math
import pathlib
import time

import numpy
import torch


def images(folder, name):
    data = gzip.open(folder / f"{name}-images-idx3-ubyte.gz").read()
    pixels = numpy.frombuffer(data, numpy.uint8, offset=16).reshape(-1, 28, 28)
    return torch.from_numpy(pixels.astype(numpy.float32) / 255)


def labels(folder, name):
    data = gzip.open(folder / f"{name}-labels-idx1-ubyte.gz").read()
    return torch.from_numpy(numpy.frombuffer(data, numpy.uint8, offset=8).astype(numpy.int64))


class RowLSTM(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = torch.nn.LSTM(28, hidden, batch_first=True)
        self.linear = torch.nn.Linear(hidden, 10)

    def forward(self, image):
        return self.linear(self.lstm(image)[0][:, -1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    folder = pathlib.Path(options.data_dir)
    x, y = images(folder, "train"), labels(folder, "train")
    xt, yt = images(folder, "t10k"), labels(folder, "t10k")

    model = RowLSTM(128)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    batch, warmup = 128, 200
    steps = options.epochs * math.ceil(len(x) / batch)
    step = 0
    for epoch in range(1, options.epochs + 1):
        order = torch.randperm(len(x))
        start = time.perf_counter()
        for begin in range(0, len(x), batch):
            pick = order[begin:begin + batch]
            step += 1
            scale = (step / warmup if step <= warmup else
                     0.5 * (1 + math.cos(math.pi * (step - 1 - warmup)
                                     / (steps - warmup))))
            optimizer.param_groups[0]["lr"] = 1e-3 * scale
            loss = torch.nn.functional.cross_entropy(model(x[pick]), y[pick])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        seconds = time.perf_counter() - start
        with torch.no_grad():
            accuracy = (model(xt).argmax(1) == yt).float().mean().item()
        print(json.dumps({"epoch": epoch, "seconds": round(seconds, 2),
                          "test_accuracy": round(accuracy, 4)}), flush=True)


if __name__ == "__main__":
    main()
