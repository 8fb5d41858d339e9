"""What is measured, each beside the baseline it is measured against in the same run."""
