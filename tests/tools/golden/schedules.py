# SPDX-License-Identifier: GPL-3.0-or-later
"""Learning-rate schedules: the factor on the learning rate at each step."""
import torch
from torch.optim import lr_scheduler

from golden.common import Source, save

# Name, our parameters, steps an epoch, epochs, [warm-up steps, warm-up start].
SCHEDULES = [
    ("constant", {}, 3, 4),
    ("constant", {}, 5, 3, 7, 0.25),
    ("step", {}, 2, 12),
    ("step", dict(step_size=1, gamma=0.9), 3, 7),
    ("step", dict(step_size=3, gamma=0.1), 4, 11),
    ("step", dict(step_size=2, gamma=1.0), 1, 5),
    ("step", dict(step_size=4, gamma=0.0), 2, 9),
    ("step", dict(step_size=2, gamma=0.5), 3, 8, 5, 0.1),
    ("multi_step", {}, 2, 11),
    ("multi_step", dict(milestone_1=1, milestone_2=2, milestone_3=4, milestone_4=7, gamma=0.3), 3, 9),
    ("multi_step", dict(milestone_1=6, milestone_2=2, gamma=0.5), 1, 9),
    ("multi_step", dict(milestone_1=3, milestone_2=3, gamma=0.5), 2, 6),
    ("multi_step", dict(milestone_1=0, milestone_2=0, gamma=0.5), 2, 4),
    ("multi_step", dict(milestone_1=1, milestone_2=50, gamma=0.9), 4, 4, 3, 0.5),
    ("exponential", {}, 3, 9),
    ("exponential", dict(gamma=0.5), 1, 6),
    ("exponential", dict(gamma=0.99), 4, 5),
    ("exponential", dict(gamma=1.0), 2, 3),
    ("exponential", dict(gamma=0.0), 2, 3),
    ("exponential", dict(gamma=0.7), 2, 7, 4, 0.0),
    ("polynomial", {}, 3, 7),
    ("polynomial", dict(power=2.0), 2, 6),
    ("polynomial", dict(power=0.5, total_iters=4), 2, 7),
    ("polynomial", dict(power=0.9, each_step=True), 5, 3),
    ("polynomial", dict(power=3.0, total_iters=2, each_step=True), 4, 4),
    ("polynomial", dict(power=1.5, each_step=True), 6, 3, 5, 0.2),
    ("cosine", {}, 3, 8),
    ("cosine", dict(eta_min=0.1), 2, 5),
    ("cosine", dict(t_max=3), 2, 9),
    ("cosine", dict(each_step=True), 7, 3),
    ("cosine", dict(eta_min=0.2, t_max=2, each_step=True), 3, 5),
    ("cosine", dict(eta_min=0.05, each_step=True), 5, 4, 6, 0.1),
    ("cosine_restarts", {}, 2, 16),
    ("cosine_restarts", dict(t_0=3, t_mult=1), 2, 8),
    ("cosine_restarts", dict(t_0=1, t_mult=3, eta_min=0.1), 3, 15),
    ("cosine_restarts", dict(t_0=2, t_mult=2, each_step=True), 4, 7),
    ("cosine_restarts", dict(t_0=1, t_mult=1, eta_min=0.3), 2, 4),
    ("cosine_restarts", dict(t_0=2, t_mult=2), 3, 9, 4, 0.5),
    ("one_cycle", {}, 4, 8),
    ("one_cycle", dict(max_factor=10.0, pct_start=0.45, anneal_strategy="linear"), 3, 9),
    ("one_cycle", dict(pct_start=0.2, div_factor=5.0, final_div_factor=100.0), 5, 5),
    ("one_cycle", dict(three_phase=True, pct_start=0.4), 4, 7),
    ("one_cycle", dict(three_phase=True, pct_start=0.25, anneal_strategy="linear", max_factor=0.5), 3, 11),
    ("one_cycle", dict(pct_start=0.3, div_factor=10.0), 4, 6, 5, 0.1),
    ("plateau", dict(patience=1), 2, 14),
    ("plateau", dict(factor=0.5, patience=0), 1, 20),
    ("plateau", dict(factor=0.5, patience=2, threshold=0.05), 2, 20),
    ("plateau", dict(factor=0.3, patience=1, cooldown=3), 1, 25),
    ("plateau", dict(factor=0.2, patience=0, min_factor=0.05), 2, 15),
    ("plateau", dict(factor=0.9, patience=0, threshold=0.0, cooldown=1), 3, 18),
]


def make_scheduler(name, p, optimizer, total):
    """total: how often the scheduler is called."""
    if name == "constant":
        return lr_scheduler.ConstantLR(optimizer, factor=1.0)
    if name == "step":
        return lr_scheduler.StepLR(optimizer, p.get("step_size", 5), p.get("gamma", 0.5))
    if name == "multi_step":
        milestones = [p.get("milestone_1", 5), p.get("milestone_2", 8), p.get("milestone_3", 0), p.get("milestone_4", 0)]
        return lr_scheduler.MultiStepLR(optimizer, sorted(m for m in milestones if m > 0), p.get("gamma", 0.1))
    if name == "exponential":
        return lr_scheduler.ExponentialLR(optimizer, p.get("gamma", 0.9))
    if name == "polynomial":
        return lr_scheduler.PolynomialLR(optimizer, total, p.get("power", 1.0))
    if name == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, total, p.get("eta_min", 0.0))
    if name == "cosine_restarts":
        return lr_scheduler.CosineAnnealingWarmRestarts(optimizer, p.get("t_0", 5), p.get("t_mult", 2), p.get("eta_min", 0.0))
    if name == "one_cycle":
        return lr_scheduler.OneCycleLR(optimizer, p.get("max_factor", 1.0), total_steps=total,
                                       pct_start=p.get("pct_start", 0.3), anneal_strategy=p.get("anneal_strategy", "cos"),
                                       cycle_momentum=False, div_factor=p.get("div_factor", 25.0),
                                       final_div_factor=p.get("final_div_factor", 1e4), three_phase=p.get("three_phase", False))
    return lr_scheduler.ReduceLROnPlateau(optimizer, factor=p.get("factor", 0.1), patience=p.get("patience", 10),
                                          threshold=p.get("threshold", 1e-4), cooldown=p.get("cooldown", 0),
                                          min_lr=p.get("min_factor", 0.0), eps=0)


def factors(name, p, per_epoch, n_steps, losses):
    """Of a schedule alone: the learning rate, the optimizer's being 1, before each of n_steps steps."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    each_step = p.get("each_step", False) or name == "one_cycle"
    epochs = p.get("total_iters", p.get("t_max", 0))
    total = epochs * per_epoch if epochs and each_step else epochs if epochs else n_steps if each_step else n_steps / per_epoch
    scheduler = make_scheduler(name, p, optimizer, total)
    rates = []
    for step in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if name == "plateau":
            if (step + 1) % per_epoch == 0:
                scheduler.step(losses[step // per_epoch])
        elif name == "cosine_restarts" and each_step:
            scheduler.step((step + 1) / per_epoch)
        elif (each_step and step + 1 < n_steps) or (not each_step and (step + 1) % per_epoch == 0):
            scheduler.step()
    return rates


def warm_up(n_steps, start):
    """LinearLR, which does not allow a start of 0: there, its formula."""
    if start == 0:
        return [k / n_steps for k in range(n_steps)]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    scheduler = lr_scheduler.LinearLR(optimizer, start_factor=start, total_iters=n_steps)
    rates = []
    for _ in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def make():
    cases, tensors, source = [], {}, Source(12)
    for index, (name, params, per_epoch, epochs, *warm) in enumerate(SCHEDULES):
        warm_steps, warm_start = warm if warm else (0, 0.1)
        # Falls, then stays about where it is.
        losses = [1 / (1 + min(k, 5)) + 0.05 * abs(noise) for k, noise in enumerate(source.normal(epochs).tolist())]
        losses = torch.tensor(losses).float().double()
        rates = warm_up(warm_steps, warm_start) if warm_steps else []
        rates += factors(name, params, per_epoch, per_epoch * epochs - warm_steps, losses.tolist())
        tensors[f"{index}.losses"] = losses.numpy()
        tensors[f"{index}.factors"] = torch.tensor(rates).numpy()
        cases.append(dict(schedule=name, params=params, steps_per_epoch=per_epoch, epochs=epochs, warm_up_steps=warm_steps,
                          warm_up_start=warm_start))
    save("schedule", cases, tensors)
