"""n-gram models by hand, against plain dictionaries, and against NLTK where it defines the same thing."""

from collections import Counter, defaultdict
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from rnn_research.data.text import load_text
from rnn_research.ngrams import (
    add_k,
    count,
    discounts,
    entropy,
    generate,
    kneser_ney,
    log_probabilities,
    maximum_likelihood,
    next_probabilities,
    ngrams,
    perplexity,
    unseen_share,
)

SMOOTHINGS = {
    "maximum likelihood": maximum_likelihood,
    "add 0.3": partial(add_k, k=0.3),
    "kneser-ney": kneser_ney,
}
smoothings = pytest.mark.parametrize("smoothing", SMOOTHINGS.values(), ids=SMOOTHINGS.keys())


def text_of(length, vocabulary_size, seed=0):
    """Tokens as unequal in frequency as those of a language."""
    p = 1 / np.arange(1, vocabulary_size + 1)
    return np.random.default_rng(seed).choice(vocabulary_size, length, p=p / p.sum())


def plain_ngrams(documents, m, order, padding):
    """Every m-gram that ends at a token, as tuples."""
    padded = [[padding] * (order - 1) + [int(token) for token in document] for document in documents]
    return [tuple(text[end - m : end]) for text in padded for end in range(order, len(text) + 1)]


def as_dictionary(counts, m):
    rows = [tuple(row) for row in ngrams(counts, m).tolist()]
    return dict(zip(rows, counts.counts[m - 1].tolist(), strict=True))


# Counting.


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=4),
    st.integers(1, 5),
    st.sampled_from([1, 2**40 // 3]),
)
def test_counts_are_those_of_a_dictionary(documents, order, spread):
    """With ids 2^40/3 apart, vocabulary_size ** order is far beyond 64 bits."""
    documents = [[spread * token for token in document] for document in documents]
    size = 3 * spread + 1
    counts = count(documents, order, size)
    assert counts.order == order
    for m in range(1, order + 1):
        assert as_dictionary(counts, m) == Counter(plain_ngrams(documents, m, order, size))
        assert np.all(np.diff(counts.keys[m - 1]) > 0)


def test_one_document_in_a_list_is_that_text():
    text = text_of(50, 4)
    for same in (text.tolist(), [text], (text.tolist(),), text.astype(np.uint8)):
        for a, b in zip(count(same, 3, 4).keys, count(text, 3, 4).keys, strict=True):
            np.testing.assert_array_equal(a, b)


def test_unseen_share_is_that_of_a_dictionary():
    train, held_out = [text_of(300, 9), text_of(5, 9, 1)], [text_of(80, 9, 2), text_of(2, 9, 3)]
    shares = []
    for m in range(1, 5):
        seen = set(plain_ngrams(train, m, 4, 9))
        shares.append(np.mean([gram not in seen for gram in plain_ngrams(held_out, m, 4, 9)]))
    found = unseen_share(count(train, 4, 9), held_out)
    np.testing.assert_allclose(found, shares)
    assert found[0] < found[-1] < 1
    np.testing.assert_array_equal(unseen_share(count(train, 4, 9), train), 0)


# Probabilities by hand.


def test_a_prefix_seen_eight_times():
    """0 is followed by 1 twice, by 2 five times and by 3 once."""
    counts = count([0, 1] * 2 + [0, 2] * 5 + [0, 3], 2, 5)
    np.testing.assert_allclose(next_probabilities(maximum_likelihood(counts), [0]), [0, 2 / 8, 5 / 8, 1 / 8, 0])
    np.testing.assert_allclose(next_probabilities(add_k(counts, 1), [0]), np.array([1, 3, 6, 2, 1]) / 13)
    np.testing.assert_allclose(next_probabilities(add_k(counts, 0.5), [0]), np.array([0.5, 2.5, 5.5, 1.5, 0.5]) / 10.5)
    # Nothing follows 3, and 4 was never seen: maximum likelihood takes the empty context, add-k is uniform.
    for context in ([3], [4]):
        found = next_probabilities(maximum_likelihood(counts), context)
        np.testing.assert_allclose(found, np.array([8, 2, 5, 1, 0]) / 16)
        np.testing.assert_allclose(next_probabilities(add_k(counts, 1), context), 1 / 5)


def test_maximum_likelihood_scores():
    model = maximum_likelihood(count([[0, 1, 0, 2], [0, 1]], 2, 4))
    expected = [1, 2 / 3, 0, 0]  # 0 begins both documents; 2 of the 3 that follow a 0 are 1; 1 1 and 1 2 are unseen
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(log_probabilities(model, [0, 1, 1, 2]), np.log(expected))
    assert entropy(model, [0, 1, 1, 2]) == perplexity(model, [0, 1, 1, 2]) == np.inf
    np.testing.assert_allclose(entropy(model, [0, 1]), -np.log2(2 / 3) / 2)
    np.testing.assert_allclose(perplexity(model, [0, 1]), (2 / 3) ** -0.5)


def test_kneser_ney_discounts_of_one_order():
    """Four tokens occur once, two twice, one three times, one four times, two never."""
    counts = count([0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 7], 1, 10)
    found = discounts(counts)
    np.testing.assert_allclose(found.values, [[0.5, 1.25, 1.0]])
    assert not found.fallback[0]
    left = (4 * 0.5 + 2 * 1.25 + 2 * 1.0) / 15
    seen = np.array([0.5, 0.5, 0.5, 0.5, 0.75, 0.75, 2, 3, 0, 0]) / 15
    np.testing.assert_allclose(next_probabilities(kneser_ney(counts), []), seen + left / 10)


def test_kneser_ney_counts_what_comes_before():
    """2 occurs as often as 0, but only after 1, so it is less likely where the context is unseen."""
    counts = count([0, 1, 2, 1, 2, 1, 2, 0, 3, 0, 1], 2, 5)
    assert counts.counts[0][0] == counts.counts[0][2]
    assert discounts(counts).fallback.tolist() == [True, True]
    # Before 0: padding, 2, 3; before 1: 0, 2; before 2: 1; before 3: 0.
    numbers, taken = np.array([3, 2, 1, 1, 0]), np.array([1.5, 1, 0.5, 0.5, 0])
    expected = (numbers - taken) / 7 + 3.5 / 7 / 5
    np.testing.assert_allclose(next_probabilities(kneser_ney(counts), [4]), expected)


# Against other implementations.


def slow_kneser_ney(documents, order, size):
    """``p(word, context)`` by the definitions, with dictionaries; and how many orders fell back."""
    full, before = Counter(), defaultdict(set)
    for m in range(1, order + 1):
        full.update(plain_ngrams(documents, m, order, size))
        for gram in plain_ngrams(documents, m, order, size):
            before[gram[1:]].add(gram[0])
    c = {g: n if len(g) == order or g[0] == size else len(before[g]) for g, n in full.items()}
    taken, fallbacks = {}, 0
    for m in range(1, order + 1):
        n1, n2, n3, n4 = (sum(len(g) == m and value == j for g, value in c.items()) for j in (1, 2, 3, 4))
        taken[m] = [0, 0.5, 1, 1.5]
        if n1 and n2 and n3 and n4:
            y = n1 / (n1 + 2 * n2)
            values = [0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
            taken[m] = values if min(values[1:]) > 0 else taken[m]
        fallbacks += taken[m] == [0, 0.5, 1, 1.5]

    following = defaultdict(list)
    for gram, value in c.items():
        following[gram[:-1]].append(value)

    def p(word, context):
        m = len(context) + 1
        lower = p(word, context[1:]) if context else 1 / size
        if not following[context]:
            return lower
        total = sum(following[context])
        value = c.get((*context, word), 0)
        gamma = sum(taken[m][min(each, 3)] for each in following[context]) / total
        return (value - taken[m][min(value, 3)]) / total + gamma * lower

    return p, fallbacks


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_kneser_ney_is_that_of_dictionaries(order):
    estimated = 0
    for seed, (length, size) in enumerate([(6, 3), (60, 5), (900, 200), (2000, 12)]):
        train = [
            text_of(length, size - 1, seed),
            text_of(3, size, seed + 10),
            text_of(length // 2, size - 1, seed + 20),
        ]
        held_out = [text_of(60, size, seed + 30), text_of(2, size, seed + 40)]
        counts = count(train, order, size)
        p, fallbacks = slow_kneser_ney(train, order, size)
        assert discounts(counts).fallback.sum() == fallbacks
        estimated += order - fallbacks
        expected = [np.log(p(gram[-1], gram[:-1])) for gram in plain_ngrams(held_out, order, order, size)]
        np.testing.assert_allclose(log_probabilities(kneser_ney(counts), held_out), expected, rtol=1e-10)
    assert estimated


@pytest.mark.parametrize(("tokens", "order"), [(list, 4), (str.split, 3)], ids=["characters", "words"])
def test_kneser_ney_perplexity_on_a_real_text_is_that_of_dictionaries(tokens, order):
    corpus = load_text("python_docs").documents
    train, held_out = (tokens("\n".join(corpus[split]))[:50_000] for split in ("train", "test"))
    ids = {token: number for number, token in enumerate(dict.fromkeys(train))}
    train, held_out = ([ids.get(token, len(ids)) for token in text] for text in (train, held_out[:3000]))
    counts = count(train, order, len(ids) + 1)
    p, fallbacks = slow_kneser_ney([train], order, len(ids) + 1)
    assert fallbacks == 0
    nats = [-np.log(p(gram[-1], gram[:-1])) for gram in plain_ngrams([held_out], order, order, len(ids) + 1)]
    np.testing.assert_allclose(perplexity(kneser_ney(counts), held_out), np.exp(np.mean(nats)), rtol=1e-10)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_nltk_agrees(order):
    lm = pytest.importorskip("nltk.lm", reason="NLTK is not installed")
    train, held_out = "it was the best of times, it was the worst of times", "it was the age of the times"
    letters = sorted(set(train) | set(held_out))
    size = len(letters) + 1  # NLTK's vocabulary has one more, for what is unknown; the padding becomes that
    ids = {letter: i for i, letter in enumerate(letters)}

    def grams(text):
        return [tuple(g) for g in plain_ngrams([[ids[letter] for letter in text]], order, order, -1)]

    def words(text):
        return [tuple(letters[i] if i >= 0 else "<s>" for i in gram) for gram in grams(text)]

    counts = count([ids[letter] for letter in train], order, size)
    cases = [
        (lm.MLE(order, vocabulary=lm.Vocabulary(letters)), maximum_likelihood(counts), [train]),
        (lm.Lidstone(0.2, order, vocabulary=lm.Vocabulary(letters)), add_k(counts, 0.2), [train, held_out]),
    ]
    for theirs, ours, texts in cases:
        theirs.fit([words(train)])
        for text in texts:
            expected = [theirs.score(gram[-1], gram[:-1]) for gram in words(text)]
            found = np.exp(log_probabilities(ours, [ids[letter] for letter in text]))
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    # NLTK gives 0 where the context is unseen too; elsewhere the two agree on a held-out text as well.
    theirs, ours, _ = cases[0]
    seen = {gram[:-1] for gram in words(train)}
    found = np.exp(log_probabilities(ours, [ids[letter] for letter in held_out]))
    for gram, p in zip(words(held_out), found, strict=True):
        if gram[:-1] in seen:
            np.testing.assert_allclose(p, theirs.score(gram[-1], gram[:-1]), rtol=1e-12)


# What every model must be.


@smoothings
@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_probabilities_sum_to_one_and_are_those_of_the_score(smoothing, order):
    size = 7
    # The last tokens are the commonest; the first two, and so contexts of them, are never counted.
    model = smoothing(count([size - 1 - text_of(150, size - 2, 0), size - 1 - text_of(4, size - 2, 1)], order, size))
    text = size - 1 - text_of(40, size, 2)
    assert text.min() == 0
    scores = log_probabilities(model, text)
    for position in range(len(text)):
        p = next_probabilities(model, text[:position])
        assert p.shape == (size,) and p.min() >= 0
        np.testing.assert_allclose(p.sum(), 1, rtol=1e-12)
        np.testing.assert_allclose(p[text[position]], np.exp(scores[position]), rtol=1e-12)


@smoothings
def test_a_batch_of_contexts_is_each_of_them(smoothing):
    model = smoothing(count(text_of(300, 5), 4, 6))
    contexts = np.random.default_rng(1).integers(0, 6, (20, 9))
    for length in (0, 1, 3, 9):
        found = next_probabilities(model, contexts[:, :length])
        each = [next_probabilities(model, context[:length].tolist()) for context in contexts]
        np.testing.assert_array_equal(found, each)
    # Only the last n−1 tokens matter, once there are as many.
    np.testing.assert_array_equal(found, next_probabilities(model, contexts[:, -3:]))
    assert next_probabilities(model, contexts[:0]).shape == (0, 6)


@smoothings
def test_documents_do_not_leak_into_each_other(smoothing):
    documents = [text_of(length, 5, length) for length in (40, 1, 2, 30)]
    model = smoothing(count(documents, 4, 5))
    each = [log_probabilities(model, document) for document in documents]
    np.testing.assert_array_equal(log_probabilities(model, documents), np.concatenate(each))
    again = smoothing(count(documents[::-1], 4, 5))
    np.testing.assert_array_equal(log_probabilities(again, documents), log_probabilities(model, documents))


def test_a_huge_vocabulary_is_scored():
    size = 2**40
    text = text_of(200, 6) * (size // 7)
    counts = count(text, 4, size)
    contexts = Counter(gram[:-1] for gram in plain_ngrams([text], 4, 4, size))
    numbers = Counter(plain_ngrams([text], 4, 4, size))
    k = 1e-12
    expected = [(numbers[g] + k) / (contexts[g[:-1]] + k * size) for g in plain_ngrams([text], 4, 4, size)]
    np.testing.assert_allclose(log_probabilities(add_k(counts, k), text), np.log(expected))
    assert np.all(np.isfinite(log_probabilities(kneser_ney(counts), [size - 1, 5, *text])))


def test_the_perplexity_of_a_uniform_model_is_the_size_of_the_vocabulary():
    text = text_of(200, 7)
    np.testing.assert_allclose(perplexity(add_k(count(text, 3, 11), 1e12), text), 11)
    uniform = np.arange(55) % 11
    for smoothing in SMOOTHINGS.values():
        np.testing.assert_allclose(perplexity(smoothing(count(uniform, 1, 11)), text), 11)
        np.testing.assert_allclose(entropy(smoothing(count(uniform, 1, 11)), text), np.log2(11))


# Generation.


@smoothings
@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_tokens_are_drawn_as_often_as_they_are_likely(smoothing, temperature):
    model = smoothing(count(text_of(300, 5), 3, 6))
    for seed, prompt in enumerate([[], [0], [1, 0], [0, 0, 2], [5]]):
        text = generate(model, prompt, 2, seed, temperature, batch=5000)
        # The second token shows that the first was read: those after the commonest first one.
        commonest = np.bincount(text[:, 0]).argmax()
        for drawn, context in [(text[:, 0], prompt), (text[text[:, 0] == commonest, 1], [*prompt, commonest])]:
            p = next_probabilities(model, context) ** (1 / temperature)
            expected = p / p.sum() * len(drawn)
            observed = np.bincount(drawn, minlength=6)
            assert not observed[expected == 0].any()
            # A chi-square needs some of each: the rare ones are one.
            rare = expected < 5
            observed = np.append(observed[~rare], observed[rare].sum())
            expected = np.append(expected[~rare], expected[rare].sum())
            kept = expected > 1e-9
            if kept.sum() > 1:
                assert chisquare(observed[kept], expected[kept]).pvalue > 1e-4


def test_texts_with_a_prompt_each_go_on_as_if_they_were_alone():
    model = kneser_ney(count(np.random.default_rng(0).integers(0, 6, 500), 4, 6))
    prompts = np.random.default_rng(1).integers(0, 6, (5, 3))
    together = generate(model, prompts, 20, 0, batch=5, greedy=True)
    for prompt, text in zip(prompts, together):
        np.testing.assert_array_equal(generate(model, prompt, 20, 0, greedy=True)[0], text)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_maximum_likelihood_writes_existing_ngrams_only(order):
    documents = [text_of(200, 8), text_of(100, 8, 1)]
    # Each ends as it began, so that something follows every context.
    documents = [np.append(document, document[: order - 1]) for document in documents]
    model = maximum_likelihood(count(documents, order, 9))
    existing = set(plain_ngrams(documents, order, order, 9))
    for temperature in (1.0, 0.3, 5.0):
        texts = generate(model, [], 150, 0, temperature, batch=4)
        assert set(plain_ngrams(texts, order, order, 9)) <= existing
    if order > 1:
        texts = generate(kneser_ney(model.counts), [], 150, 0, batch=4)
        assert not set(plain_ngrams(texts, order, order, 9)) <= existing


def test_after_a_text_has_ended_the_shorter_context_decides():
    model = maximum_likelihood(count([0, 0, 1, 0, 2, 1], 3, 3))
    np.testing.assert_allclose(next_probabilities(model, [2, 1]), [1, 0, 0])  # 1 0, once
    np.testing.assert_array_equal(generate(model, [0, 2, 1], 1, 0), [[0]])


@smoothings
def test_the_seed_decides_the_text(smoothing):
    model = smoothing(count(text_of(300, 6), 3, 6))
    text = generate(model, [0, 1], 40, 3, batch=2)
    assert text.shape == (2, 40) and np.any(text[0] != text[1])
    np.testing.assert_array_equal(text, generate(model, [0, 1], 40, 3, batch=2))
    assert np.any(text != generate(model, [0, 1], 40, 4, batch=2))


def test_a_low_temperature_takes_the_likeliest():
    model = kneser_ney(count(text_of(300, 6), 3, 6))
    text = generate(model, [], 20, 0, temperature=1e-4)[0]
    for position in range(20):
        assert text[position] == next_probabilities(model, text[:position]).argmax()


# Errors.


@pytest.mark.parametrize(
    "tokens, order, size, message",
    [
        ([0], 0, 2, "order must be at least 1, not 0"),
        ([0], 1, 0, "vocabulary_size must be at least 1, not 0"),
        ([], 1, 2, "the text is empty"),
        ([[0], []], 1, 2, "the text of document 1 is empty"),
        ([0, 1, 5, 7], 1, 5, "id 5 at position 2 is outside the vocabulary, 0 to 4"),
        ([0, -1], 1, 5, "id -1 at position 1 is outside"),
        ([[0], [1, 9]], 1, 5, "id 9 at position 1 of document 1 is outside"),
        ([0.5], 1, 5, "tokens must be integers, not float64"),
        (np.zeros((2, 3), int), 1, 5, r"tokens must be one-dimensional, not shape \(2, 3\)"),
        ([0, 0, 0], 1, 2**61, "do not fit in 64-bit keys"),
    ],
)
def test_count_refuses(tokens, order, size, message):
    with pytest.raises(ValueError, match=message) as raised:
        count(tokens, order, size)
    assert "\n" not in str(raised.value)


def test_the_others_refuse():
    counts = count([0, 1, 2], 2, 3)
    model = maximum_likelihood(counts)
    cases = [
        (lambda: log_probabilities(model, [0, 3]), "id 3 at position 1 is outside"),
        (lambda: entropy(model, []), "the text is empty"),
        (lambda: perplexity(model, []), "the text is empty"),
        (lambda: unseen_share(counts, [4]), "id 4 at position 0 is outside"),
        (lambda: next_probabilities(model, [0, 3]), "id 3 at position 1 is outside"),
        (lambda: next_probabilities(model, [[0], [3]]), "id 3 at position 0 of document 1 is outside"),
        (lambda: next_probabilities(model, np.zeros((1, 1, 1), int)), "context must be"),
        (lambda: generate(model, [3], 1, 0), "id 3 at position 0 is outside"),
        (lambda: generate(model, [[0], [1]], 1, 0), r"prompt must be \[length\] or \[1, length\]"),
        (lambda: generate(model, [], 0, 0), "must be at least 1, not 0 and 1"),
        (lambda: generate(model, [], 1, 0, batch=0), "must be at least 1, not 1 and 0"),
        (lambda: generate(model, [], 1, 0, temperature=0), "temperature must be positive"),
        (lambda: add_k(counts, 0), "k must be positive"),
        (lambda: add_k(counts, np.inf), "k must be positive"),
        (lambda: ngrams(counts, 3), "order must be 1 to 2, not 3"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
