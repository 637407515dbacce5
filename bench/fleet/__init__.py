"""A fleet on this machine: what one broker and one shuttle bear, by the product's own code."""
