"""tinynas: design, train, compile, and measure neural networks for microcontrollers."""

__version__ = "0.1.0"
