"""The types that all packages share: ids, states, documents, records, messages, events, effects and errors."""
