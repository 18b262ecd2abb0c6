"""The vocabulary: ids, states, documents, records, messages, events, effects and errors. Pure."""
