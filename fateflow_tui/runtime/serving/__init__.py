"""Online inference with loaded models."""
