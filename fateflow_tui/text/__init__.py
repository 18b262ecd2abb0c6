"""Text for terminals, wherever it is shown: places, marks, amounts, styled spans, curves. Pure."""
