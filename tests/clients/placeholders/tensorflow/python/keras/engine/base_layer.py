"""What fate_client 1.6 imports of TensorFlow when a pipeline program starts; only its neural networks use it."""


class Layer:
    """The class that the client compares layers of a network with."""
