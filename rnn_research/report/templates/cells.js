// Networks that the page carries, as pure functions of their weights: cells, layers, a dense head; and backpropagation
// through time to the states. The equations, names of parameters and order of gates are those of rnn_research.cells.

const SIGMOID = (z) => 1 / (1 + Math.exp(-z));
const ACTIVATIONS = {
  tanh: [Math.tanh, (h) => 1 - h * h],
  sigmoid: [SIGMOID, (h) => h * (1 - h)],
  relu: [(z) => Math.max(z, 0), (h) => (h > 0 ? 1 : 0)],
  linear: [(z) => z, () => 1],
};

// Numbers of 16 bits, little-endian, in base64.
function halves(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), found = new Float32Array(bytes.length / 2);
  for (let place = 0; place < found.length; place++) {
    const bits = bytes[2 * place] | (bytes[2 * place + 1] << 8), power = (bits >> 10) & 31, rest = bits & 1023;
    const size = power ? (1 + rest / 1024) * 2 ** (power - 15) : rest * 2 ** -24;
    found[place] = bits & 0x8000 ? -size : size;
  }
  return found;
}

// What carried.py packed, ready to run: {cell, options, hidden, layers: [parameters], embedding, head: {kernel, bias}}.
function network(model) {
  const all = halves(model.weights), arrays = {};
  let place = 0;
  for (const [name, rows, columns] of model.arrays) {
    arrays[name] = { rows, columns, values: all.subarray(place, (place += rows * columns)) };
  }
  const layers = range(0, model.layers - 1, 1).map((layer) => Object.fromEntries(
    Object.entries(arrays).filter(([name]) => name.startsWith(`recurrent.${layer}.`)).map(([name, array]) => [name.split(".")[2], array])));
  const embedding = arrays["embedding.kernel"] || arrays["embedding.frozen"] || null;
  const bias = arrays["head.bias"], kernel = arrays["head.kernel"] || transposed(embedding, bias.columns);
  return { cell: model.cell, options: model.options, hidden: model.hidden, layers, embedding, head: { kernel, bias } };
}

// The first rows of an array as the columns of another: a head tied to the embedding.
function transposed(array, rows) {
  const values = new Float32Array(rows * array.columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < array.columns; column++) values[column * rows + row] = array.values[row * array.columns + column];
  }
  return { rows: array.columns, columns: rows, values };
}

// x W, added to `sums`. x is a list of numbers; or an id, which stands for a one-hot list; or null, for zeros. Of W the
// rows from `first` on, of its columns those from `left` on, as many as there are sums.
function addProduct(sums, x, { columns, values }, first = 0, left = 0) {
  const row = (index, weight) => {
    const start = (first + index) * columns + left;
    for (let place = 0; place < sums.length; place++) sums[place] += weight * values[start + place];
  };
  if (typeof x === "number") row(x, 1);
  else if (x) for (let index = 0; index < x.length; index++) if (x[index]) row(index, x[index]);
  return sums;
}

// W e, of rows `first` to `first + count` and of the columns from `left` on: an error sent back through x W.
function sentBack(error, { columns, values }, count, first = 0, left = 0) {
  const found = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const start = (first + row) * columns + left;
    let sum = 0;
    for (let place = 0; place < error.length; place++) sum += error[place] * values[start + place];
    found[row] = sum;
  }
  return found;
}

function filledWith(count, make) {
  return Float64Array.from({ length: count }, (_, index) => make(index));
}

// W x + b, and of a recurrent cell + U h: the sums that a step begins with, [gates · hidden].
function preactivations(layer, x, hidden) {
  const sums = addProduct(Float64Array.from(layer.bias.values), x, layer.input_kernel);
  return hidden ? addProduct(sums, hidden, layer.recurrent_kernel) : sums;
}

function part(list, index, size) {
  return list.subarray(index * size, (index + 1) * size);
}

function joined(...lists) {
  const found = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let place = 0;
  for (const list of lists) { found.set(list, place); place += list.length; }
  return found;
}

// Of each cell: the state before the first step; a step, {state, output, gates} with what `back` needs; and `back`, from
// the errors of a step's output and of the state that it hands on to those of the state before and of x (`wide` numbers).
const CELLS = {
  elman: {
    begin: (size) => ({ hidden: new Float64Array(size) }),
    step(layer, state, x, size, { activation }) {
      const hidden = preactivations(layer, x, state.hidden).map(ACTIVATIONS[activation][0]);
      return { state: { hidden }, output: hidden, gates: {} };
    },
    back(layer, before, made, output, state, wide, size, { activation }) {
      const slope = ACTIVATIONS[activation][1];
      const error = made.output.map((h, place) => (output[place] + state.hidden[place]) * slope(h));
      return { state: { hidden: sentBack(error, layer.recurrent_kernel, size) }, x: sentBack(error, layer.input_kernel, wide) };
    },
  },
  lstm: {
    begin: (size) => ({ hidden: new Float64Array(size), cell: new Float64Array(size) }),
    step(layer, state, x, size) {
      const sums = preactivations(layer, x, state.hidden);
      const [input, forget, output] = [0, 1, 3].map((index) => part(sums, index, size).map(SIGMOID));
      const candidate = part(sums, 2, size).map(Math.tanh);
      const cell = state.cell.map((c, place) => forget[place] * c + input[place] * candidate[place]);
      const hidden = cell.map((c, place) => output[place] * Math.tanh(c));
      return { state: { hidden, cell }, output: hidden, gates: { input, forget, candidate, output } };
    },
    back(layer, before, made, ofOutput, ofState, wide, size) {
      const { input, forget, candidate, output } = made.gates, squashed = made.state.cell.map(Math.tanh);
      const hidden = ofOutput.map((error, place) => error + ofState.hidden[place]);
      const cell = hidden.map((error, place) => ofState.cell[place] + error * output[place] * (1 - squashed[place] ** 2));
      const error = joined(
        cell.map((e, place) => e * candidate[place] * input[place] * (1 - input[place])),
        cell.map((e, place) => e * before.cell[place] * forget[place] * (1 - forget[place])),
        cell.map((e, place) => e * input[place] * (1 - candidate[place] ** 2)),
        hidden.map((e, place) => e * squashed[place] * output[place] * (1 - output[place])));
      const state = { hidden: sentBack(error, layer.recurrent_kernel, size), cell: cell.map((e, place) => e * forget[place]) };
      return { state, x: sentBack(error, layer.input_kernel, wide) };
    },
  },
  gru: {
    begin: (size) => ({ hidden: new Float64Array(size) }),
    step(layer, state, x, size, { reset_after: after }) {
      const sums = preactivations(layer, x, null), last = 2 * size, { recurrent_kernel: kernel } = layer;
      const both = addProduct(sums.slice(0, last), state.hidden, kernel).map(SIGMOID);
      const [reset, update] = [part(both, 0, size), part(both, 1, size)];
      const kept = after ? state.hidden : state.hidden.map((h, place) => reset[place] * h);
      const start = after ? Float64Array.from(layer.candidate_bias.values) : new Float64Array(size);
      const product = addProduct(start, kept, kernel, 0, last);
      const candidate = product.map((p, place) => Math.tanh(sums[last + place] + (after ? reset[place] * p : p)));
      const hidden = state.hidden.map((h, place) => {
        const [old, fresh] = after ? [update[place], 1 - update[place]] : [1 - update[place], update[place]];
        return fresh * candidate[place] + old * h;
      });
      return { state: { hidden }, output: hidden, gates: { reset, update, candidate }, product };
    },
    back(layer, before, made, output, state, wide, size, { reset_after: after }) {
      const { reset, update, candidate } = made.gates, kernel = layer.recurrent_kernel, last = 2 * size, h = before.hidden;
      const hidden = output.map((error, place) => error + state.hidden[place]);
      const old = (place) => (after ? update[place] : 1 - update[place]);
      const fresh = hidden.map((e, place) => e * (1 - old(place)) * (1 - candidate[place] ** 2));
      const ofProduct = after ? fresh.map((e, place) => e * reset[place]) : fresh;
      const kept = sentBack(ofProduct, kernel, size, 0, last); // the error of what U_n multiplies
      const ofReset = after ? fresh.map((e, place) => e * made.product[place]) : kept.map((e, place) => e * h[place]);
      const error = joined(
        ofReset.map((e, place) => e * reset[place] * (1 - reset[place])),
        hidden.map((e, place) => e * (h[place] - candidate[place]) * (after ? 1 : -1) * update[place] * (1 - update[place])));
      const through = sentBack(error, kernel, size);
      const sent = hidden.map((e, place) => e * old(place) + through[place] + (after ? kept[place] : kept[place] * reset[place]));
      return { state: { hidden: sent }, x: sentBack(joined(error, fresh), layer.input_kernel, wide) };
    },
  },
  window: {
    begin: (size, { size: taps }) => ({ pending: new Float64Array((taps - 1) * size) }),
    step(layer, state, x, size, { activation, size: taps }) {
      const wide = layer.input_kernel.rows / taps, sums = joined(state.pending, new Float64Array(size));
      for (let tap = 0; tap < taps; tap++) addProduct(part(sums, tap, size), x, layer.input_kernel, tap * wide);
      const output = sums.slice(0, size).map((z, place) => ACTIVATIONS[activation][0](z + layer.bias.values[place]));
      return { state: { pending: sums.slice(size) }, output, gates: {} };
    },
    back(layer, before, made, output, state, wide, size, { activation, size: taps }) {
      const here = output.map((error, place) => error * ACTIVATIONS[activation][1](made.output[place]));
      const sums = joined(here, state.pending), x = new Float64Array(wide);
      for (let tap = 0; tap < taps; tap++) {
        sentBack(part(sums, tap, size), layer.input_kernel, wide, tap * wide).forEach((e, place) => (x[place] += e));
      }
      return { state: { pending: sums.slice(0, (taps - 1) * size) }, x };
    },
  },
};

// One step of all layers: [{before, state, output, gates}], the lowest first.
function stepped(net, last, x) {
  const cell = CELLS[net.cell], layers = [];
  let read = typeof x === "number" && net.embedding ? part(net.embedding.values, x, net.embedding.columns) : x;
  net.layers.forEach((layer, index) => {
    const before = last ? last[index].state : cell.begin(net.hidden, net.options);
    const made = { before, ...cell.step(layer, before, read, net.hidden, net.options) };
    layers.push(made);
    read = made.output;
  });
  return layers;
}

// All steps of `inputs`, going on after those of `known` that read the same.
function steps(net, inputs, known = { inputs: [], made: [] }) {
  let same = 0;
  while (same < inputs.length && same < known.inputs.length && inputs[same] === known.inputs[same]) same += 1;
  const made = known.made.slice(0, same);
  for (let step = same; step < inputs.length; step++) made.push(stepped(net, made[step - 1], inputs[step]));
  return { inputs: [...inputs], made };
}

// W_o h + b_o after a step.
function headOf(net, made) {
  return addProduct(Float64Array.from(net.head.bias.values), made[made.length - 1].output, net.head.kernel);
}

function softmax(logits, temperature = 1) {
  const most = logits.reduce((a, b) => Math.max(a, b)), found = logits.map((z) => Math.exp((z - most) / temperature));
  const sum = found.reduce((a, b) => a + b);
  return found.map((p) => p / sum);
}

// How far the gradient of the answer at the last of these steps reaches back: for every step k the norm of its gradient
// with respect to all of the state that step k hands on; at the last step, with respect to the output that the head
// reads. `error` is the gradient with respect to what the head gives.
function reach(net, made, error) {
  const cell = CELLS[net.cell], top = net.layers.length - 1, last = made.length - 1;
  const atHead = sentBack(error, net.head.kernel, net.hidden), found = new Array(made.length);
  let states = net.layers.map(() => cell.begin(net.hidden, net.options)); // zeros
  found[last] = norm(atHead);
  for (let step = last; step > 0; step--) {
    let output = step === last ? atHead : new Float64Array(net.hidden);
    const sent = [];
    for (let index = top; index >= 0; index--) {
      const layer = net.layers[index], here = made[step][index], wide = index ? net.hidden : 0;
      const { state, x } = cell.back(layer, here.before, here, output, states[index], wide, net.hidden, net.options);
      sent[index] = state;
      output = x;
    }
    states = sent;
    found[step - 1] = norm(joined(...sent.flatMap((state) => Object.values(state))));
  }
  return found;
}

function norm(list) {
  return Math.hypot(...list);
}

// ln p of a symbol: its gradient with respect to the logits.
function errorOf(probabilities, symbol) {
  return probabilities.map((p, index) => (index === symbol ? 1 : 0) - p);
}

// The lecture's picture of a few steps (S28). What share the input of step k has in the top layer's output at step t: by
// how much that changes where nothing is read at step k, as a share of what all changes come to. And how far the output
// moves at the steps after the first if nothing is read there, as a share of its size after the first.
function memory(net, inputs) {
  const outputs = (read) => steps(net, read).made.map((made) => made[made.length - 1].output);
  const apart = (one, other) => norm(one.map((h, place) => h - other[place]));
  const all = outputs(inputs), without = inputs.map((_, k) => outputs(inputs.map((x, step) => (step === k ? null : x))));
  const shares = inputs.map((_, t) => {
    const changes = inputs.map((__, k) => (k > t ? 0 : apart(all[t], without[k][t]))), sum = changes.reduce((a, b) => a + b, 0);
    return changes.map((change) => (sum ? change / sum : 0));
  });
  const silent = outputs(inputs.map((x, step) => (step ? null : x))), size = norm(silent[0]);
  const moves = silent.slice(1).map((output, step) => apart(output, silent[step]) / (size || 1));
  return { shares, moves };
}
