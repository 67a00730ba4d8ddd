"""When two pictures of one video are the same to people: the line that picks and tests both keep.

Distances are 1 - cosine of two embeddings, in units of the video itself; see
`worker.pipeline.selection.scenes`, which measures them with numpy, and `worker.trials.arms.alike`, which does
without.
"""

from __future__ import annotations

# The unit: only one pair of frames in ten is farther apart. A few odd frames among many do not move it, nor
# does it matter how many scenes there are.
UNLIKE_QUANTILE = 0.9

# Nearer than this, they are one picture to people. Of a single take, which has a small unit, frames farther
# apart show another gesture or expression.
SAME_PICTURE = 0.35
# Coding alone moves an embedding so far (1 - cosine; 0.003 with `lite`): in a still, nothing differs by more.
MIN_DISTANCE = 0.01
