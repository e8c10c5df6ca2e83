"""From label probabilities of frames to a labelling (CTC: Graves, Fernández, Gomez and Schmidhuber 2006).

A path names a label or the blank in every frame. Its labelling is what is left of it when labels that follow themselves
are written once and the blanks are left out; a labelling's probability is the sum over its paths. The blank is the last
of the classes.
"""

from functools import partial

import jax
import jax.numpy as jnp

NOBODY = -2  # stands in the ids of a place in the beam that holds no labelling: alike with none


def best_path(scores: jax.Array, valid: jax.Array, most: int) -> tuple[jax.Array, jax.Array]:
    """The labelling of the likeliest path, which need not be the likeliest labelling.

    Args:
      scores: logits or logarithms of probabilities ``[batch, time, labels + 1]``.
      valid: which frames count, bool ``[batch, time]``.
      most: labels to keep; a longer labelling is cut off there.

    Returns:
      ``(ids [batch, most], lengths [batch])`` int32; ids are 0 past the length.
    """
    blank = scores.shape[-1] - 1
    path = jnp.where(valid, jnp.argmax(scores, axis=-1), blank).astype(jnp.int32)
    before = jnp.pad(path[:, :-1], ((0, 0), (1, 0)), constant_values=blank)
    begins = (path != blank) & (path != before)
    place = jnp.where(begins, jnp.cumsum(begins, axis=1) - 1, most)  # the others fall off the end
    rows = jnp.arange(len(path))[:, None]
    ids = jnp.zeros((len(path), most), jnp.int32).at[rows, place].set(path, mode="drop")
    return ids, jnp.minimum(begins.sum(axis=1), most).astype(jnp.int32)


def prefix_beam(
    log_probabilities: jax.Array, valid: jax.Array, most: int, width: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The likeliest labelling of at most ``most`` labels, approximately: frame by frame the ``width`` likeliest
    beginnings are kept, each with the probability of its paths that end in a blank and of those that end in its last
    label (Graves 2006's recursion over prefixes; Hannun et al. 2014). Exact where the beam holds every labelling.

    Args:
      log_probabilities: natural logarithms ``[batch, time, labels + 1]``.
      valid: which frames count, bool ``[batch, time]``.
      most: labels of the longest labelling that is looked for.
      width: beginnings to keep.

    Returns:
      ``(ids [batch, most], lengths [batch], scores [batch])``; ids are 0 past the length, a score is the logarithm of
      the probability of the labelling's paths that stayed in the beam.
    """
    return jax.vmap(partial(_search, most=most, width=width))(log_probabilities, valid)


def _search(log_probabilities, valid, *, most, width):
    """Of one sequence. The beam: ids ``[width, most]``, −1 past the length; lengths; the two logarithms."""
    labels = log_probabilities.shape[-1] - 1
    impossible = jnp.asarray(-jnp.inf, log_probabilities.dtype)
    places = jnp.arange(most)

    def step(beam, frame):
        ids, lengths, by_blank, by_label = beam
        scores, counts = frame
        whole = jnp.logaddexp(by_blank, by_label)
        last = jnp.take_along_axis(ids, jnp.maximum(lengths - 1, 0)[:, None], axis=1)[:, 0]
        begun = lengths > 0
        of_last = jnp.where(begun, scores[jnp.maximum(last, 0)], impossible)

        # One label longer: of paths that end in the same label only those that end in a blank before it.
        same = last[:, None] == jnp.arange(labels)[None]
        longer = scores[None, :labels] + jnp.where(same, by_blank[:, None], whole[:, None])
        longer = jnp.where((lengths < most)[:, None], longer, impossible)

        # What becomes, by its own last label, another labelling of the beam is added to that one.
        shorter = jnp.where(places[None] == lengths[:, None] - 1, -1, ids)
        grows = (shorter[:, None] == ids[None]).all(axis=-1) & begun[:, None]  # [place, which it was before]
        gained = jnp.where(grows, longer[:, jnp.maximum(last, 0)].T, impossible)
        taken = (grows[:, :, None] & same[:, None]).any(axis=0)

        stays_blank = whole + scores[labels]
        stays_label = jnp.logaddexp(by_label + of_last, jax.nn.logsumexp(gained, axis=1))
        longer = jnp.where(taken, impossible, longer)

        score = jnp.concatenate([jnp.logaddexp(stays_blank, stays_label), longer.reshape(-1)])
        best, chosen = jax.lax.top_k(score, width)
        stays = chosen < width
        place = jnp.where(stays, chosen, (chosen - width) // labels)
        label = jnp.where(stays, -1, (chosen - width) % labels)
        grown = jnp.where(~stays[:, None] & (places[None] == lengths[place][:, None]), label[:, None], ids[place])
        nobody = best == impossible
        new = (
            jnp.where(nobody[:, None], NOBODY, grown),
            jnp.where(nobody, 0, lengths[place] + ~stays),
            jnp.where(stays, stays_blank[place], impossible),
            jnp.where(stays, stays_label[place], best),
        )
        return jax.tree.map(lambda after, before: jnp.where(counts, after, before), new, beam), None

    first = jnp.arange(width) == 0
    begin = (
        jnp.broadcast_to(jnp.where(first, -1, NOBODY)[:, None], (width, most)).astype(jnp.int32),
        jnp.zeros(width, jnp.int32),
        jnp.where(first, jnp.zeros_like(impossible), impossible),
        jnp.full(width, impossible),
    )
    (ids, lengths, by_blank, by_label), _ = jax.lax.scan(step, begin, (log_probabilities, valid))
    whole = jnp.logaddexp(by_blank, by_label)
    best = jnp.argmax(whole)
    return jnp.maximum(ids[best], 0), lengths[best], whole[best]
