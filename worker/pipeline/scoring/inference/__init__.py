"""How pictures get through a two-tower network: prepared, put into batches, and computed on a device."""
