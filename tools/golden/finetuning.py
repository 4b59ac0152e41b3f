"""Levanter's training step: token-mean loss, clipping by global norm, AdamW with decoupled decay."""

import torch


def counted_positions(tokens, source_length):
    """Positions whose prediction of the next token has loss: from the prompt's last one to the last but one."""
    return range(max(source_length - 1, 0), len(tokens) - 1)


def backward(logits_of, batch):
    """Adds the gradients of one batch's loss and returns the loss: the sum over its counted tokens / their number."""
    count = sum(len(counted_positions(*row)) for row in batch)
    total = 0.0
    for tokens, source_length in batch:
        positions = counted_positions(tokens, source_length)
        if not positions:
            continue
        logits = logits_of(tokens)[positions.start : positions.stop]
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        targets = torch.tensor(tokens[positions.start + 1 : positions.stop + 1])
        loss = torch.nn.functional.cross_entropy(logits, targets, reduction="sum") / count
        loss.backward()
        total += loss.item()
    return total


def is_decayed(name):
    """Weight decay spares embeddings, RMSNorm weights and biases."""
    return not ("embed_tokens" in name or "norm" in name or name.endswith(".bias"))


class AdamW:
    """p ← p − lr·(m̂ / (√v̂ + ε) + wd·p), all of it in the parameters' own type."""

    def __init__(self, parameters, weight_decay, beta1=0.9, beta2=0.95, epsilon=1e-8):
        self.parameters, self.weight_decay = parameters, weight_decay
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in parameters.items()}
        self.steps = 0

    @torch.no_grad()
    def step(self, learning_rate):
        self.steps += 1
        for name, p in self.parameters.items():
            m, v = self.moments[name]
            m.mul_(self.beta1).add_(p.grad, alpha=1 - self.beta1)
            v.mul_(self.beta2).addcmul_(p.grad, p.grad, value=1 - self.beta2)
            unbiased_m = m / (1 - self.beta1**self.steps)
            unbiased_v = v / (1 - self.beta2**self.steps)
            update = unbiased_m / (unbiased_v.sqrt() + self.epsilon)
            if is_decayed(name):
                update += self.weight_decay * p
            p -= learning_rate * update


@torch.no_grad()
def clip(parameters, max_norm):
    """Scales the gradients to the global norm `max_norm` if theirs is greater; returns the norm before."""
    norm = torch.stack([p.grad.double().square().sum() for p in parameters.values()]).sum().sqrt().item()
    if norm > max_norm:
        for p in parameters.values():
            p.grad.mul_(max_norm / norm)
    return norm


def train(parameters, logits_of, batch, learning_rates, weight_decay=0.1, max_grad_norm=1.0, on_gradients=None):
    """One step on the whole batch for each learning rate; returns {loss, lr, gradNorm}, a number a step."""
    optimizer = AdamW(parameters, weight_decay)
    metrics = {"loss": [], "lr": list(learning_rates), "gradNorm": []}
    for step, learning_rate in enumerate(learning_rates):
        for p in parameters.values():
            p.grad = None
        metrics["loss"].append(backward(logits_of, batch))
        if on_gradients is not None:
            on_gradients(step, {name: p.grad.clone() for name, p in parameters.items()})
        metrics["gradNorm"].append(clip(parameters, max_grad_norm))
        optimizer.step(learning_rate)
    return metrics


def logits_function(model, dtype):
    """Logits [T, vocab] of one sequence by a Transformers or PEFT model with F32 parameters."""
    if dtype not in ("f32", "bf16"):
        raise ValueError(f"dtype {dtype}")

    def logits_of(tokens):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == "bf16"):
            return model(torch.tensor([tokens]), use_cache=False).logits[0]

    return logits_of
