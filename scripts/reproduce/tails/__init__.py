"""Long-tailed sets: what synthetic latents do to a linear head on a frozen encoder [LT]."""
