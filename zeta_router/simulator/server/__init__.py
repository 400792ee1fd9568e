"""A simulated Ollama on a real socket."""
