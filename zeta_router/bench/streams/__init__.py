"""What learning reaches on published outcomes: real prompts, scores of real models, feedback for one answer each."""
