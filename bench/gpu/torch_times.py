# Part of Maek, under the MIT licence; see LICENSE.
"""A workload in PyTorch on a GPU: prints the least and the median of its times in
ms as JSON.
  torch_times.py WORKLOAD f32|tf32|bf16 ORDINAL"""
import json
import statistics
import sys
import time

import torch

import gpu_workloads

import networks  # of bench/peers; behind what puts it on the path


def make_call(workload, precision, device):
    networks.VIT.update(workload.vit)
    network, inputs = networks.make(workload)
    network, short = network.to(device), precision == "bf16"
    tensors = [torch.from_numpy(value).to(device) for value in inputs]

    def run():
        with torch.autocast("cuda", torch.bfloat16, enabled=short):
            return network(*tensors)
    if workload.kind == "attention_backward":
        *parts, seed = tensors
        parts = [part.requires_grad_() for part in parts]
        return lambda: torch.autograd.grad(network(*parts), parts, seed)
    if not workload.trains:
        network.eval()

        def call():
            with torch.no_grad():
                run()
        return call
    adam = torch.optim.Adam(network.parameters(), 1e-3, fused=True)

    def step():
        adam.zero_grad(set_to_none=True)
        loss = run()
        loss.backward()
        adam.step()
        loss.item()
    return step


def main():
    name, precision, ordinal = sys.argv[1:]
    workload = next(w for w in gpu_workloads.list_workloads(False) if w.name == name)
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    # networks.py asks for a kernel of processors.
    networks.sdpa_kernel = lambda *_: torch.autograd.profiler.record_function("attention")
    device = torch.device("cuda", int(ordinal))
    call = make_call(workload, precision, device)
    for _ in range(3):
        call()
    torch.cuda.synchronize(device)
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < 1:
        start = time.perf_counter()
        call()
        torch.cuda.synchronize(device)
        times.append(1e3 * (time.perf_counter() - start))
    print(json.dumps({"min": min(times), "median": statistics.median(times)}))


if __name__ == "__main__":
    main()
