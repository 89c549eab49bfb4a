"""The start network with norms that do something, which its own do not."""

import timm
import torch

from femo.upstream import faceres


def random_norms(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    network = timm.create_model(faceres.ARCH, num_classes=0, **faceres.ARCH_ARGS)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            n = module.num_features
            module.running_mean, module.running_var = torch.randn(n) * 0.1, torch.rand(n) + 0.5
            module.weight.data, module.bias.data = torch.rand(n) + 0.5, torch.randn(n) * 0.1
    return network.eval()
