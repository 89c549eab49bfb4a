"""From a submitted file or a folder of labels to rows in the order of the reference."""
