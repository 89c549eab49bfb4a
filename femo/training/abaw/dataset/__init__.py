"""The official files of Aff-Wild2: tasks, annotations, crops, and what joins them."""
