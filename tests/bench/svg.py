"""The table as a picture: the geometric means, then a small chart for each kernel."""

import math

# Ours in one colour, each other family in one of its own.
COLORS = {
    'ours-jit': '#12508c', 'ours-auto': '#4a90d0', 'ours-interp': '#a9cdec',
    'wasmtime': '#d9692b', 'wasmtime-py': '#d9692b', 'winch': '#f2b58a',
    'turbofan': '#2f7d4f', 'liftoff': '#86c49a', 'node': '#55a372',
    'wasm3': '#8c62ab', 'wasm3-py': '#8c62ab', 'wasmer': '#b03a5b', 'iwasm': '#c8a227',
    'wazero': '#5f6f7d', 'wazero-int': '#b5bfc8',
}
OTHER_COLORS = ['#444444', '#8a8a8a', '#7a5c3e', '#2a8f8f']
WIDTH, MARGIN = 960, 20
TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100)


def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;').replace('"', '&quot;')


class Scale:
    """Logarithmic; from a little below the smallest value (at most 1) to the largest."""

    def __init__(self, values):
        self.low = min([1.0, *values]) / 1.25
        self.high = max([2.0, *values]) * 1.05

    def x(self, value, left, right):
        return left + (right - left) * math.log(value / self.low) / math.log(self.high / self.low)

    def ticks(self):
        return [tick for tick in TICKS if self.low < tick < self.high]


class Picture:
    def __init__(self):
        self.parts = []

    def text(self, x, y, text, size=11, anchor='start', fill='#222', weight='normal'):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
                          f'fill="{fill}" font-weight="{weight}" paint-order="stroke" stroke="white" '
                          f'stroke-width="2">{escape(text)}</text>')

    def bar(self, x, y, width, height, color):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(1, width):.1f}" height="{height}" '
                          f'fill="{color}"/>')

    def line(self, x, top, bottom, color):
        self.parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" '
                          f'stroke="{color}"/>')

    def grid(self, scale, left, right, top, bottom, labels_y, size):
        for tick in scale.ticks():
            x = scale.x(tick, left, right)
            self.line(x, top, bottom, '#666' if tick == 1 else '#e2e2e2')
            self.text(x, labels_y, f'{tick:g}x', size, 'middle', '#666')

    def write(self, path, height):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
                f'height="{height}" font-family="DejaVu Sans, Verdana, sans-serif">')
        with open(path, 'w') as file:
            file.write('\n'.join([head, '<rect width="100%" height="100%" fill="white"/>', *self.parts,
                                  '</svg>']) + '\n')


def colors_of(names):
    others = [name for name in names if name not in COLORS]
    return {name: COLORS.get(name) or OTHER_COLORS[others.index(name) % len(OTHER_COLORS)] for name in names}


def draw_means(picture, top, names, means, colors):
    """Names, which make the legend too, and large bars; returns where it ends."""
    left, right, step = 140, WIDTH - 80, 22
    scale = Scale([means[name] for name in names if means[name]])
    bottom = top + step * len(names)
    picture.grid(scale, left, right, top, bottom, top - 4, 10)
    for i, name in enumerate(names):
        y = top + i * step
        weight = 'bold' if name.startswith('ours') else 'normal'
        picture.text(left - 10, y + 15, name, 12, 'end', weight=weight)
        if means[name]:
            x = scale.x(means[name], left, right)
            picture.bar(left, y + 3, x - left, step - 6, colors[name])
            picture.text(x + 6, y + 15, f'{means[name]:.2f}', 12)
        else:
            picture.text(left + 6, y + 15, 'did not run', 11, fill='#888')
    return bottom


def draw_kernel(picture, scale, left, top, kernel, row, names, colors, step):
    left, right = left + 4, left + 255
    picture.text(left, top, kernel, 11, weight='bold')
    bottom = top + 7 + step * len(names)
    picture.grid(scale, left, right, top + 5, bottom, bottom + 9, 8)
    for i, name in enumerate(names):
        y = top + 6 + i * step
        if row[name]:
            x = scale.x(row[name], left, right)
            picture.bar(left, y, x - left, step - 1, colors[name])
            picture.text(x + 4, y + step - 2, f'{row[name]:.2f}', 8.5, fill='#444')


def write(path, table, names, blocks, over='native code'):
    """blocks: [(title, kernels, means by name, or None)]; the means of the first are drawn large. over: what
    everything is compared with."""
    picture, colors, step, columns = Picture(), colors_of(names), 10, 3
    picture.text(MARGIN, 30, f'Run time over {over}', 18, weight='bold')
    picture.text(MARGIN, 48, f'logarithmic; shorter is faster; the dark line is {over}', 11, fill='#666')
    y = 70
    for number, (title, kernels, means) in enumerate(blocks):
        if number == 0 and means:
            picture.text(MARGIN, y + 12, f'Geometric mean of {len(kernels)} kernels', 13, weight='bold')
            y = draw_means(picture, y + 36, names, means, colors) + 22
        y += 22
        picture.text(MARGIN, y, title, 13, weight='bold')
        y += 24
        cell = step * len(names) + 40
        scale = Scale([value for kernel in kernels for value in table[kernel].values() if value])
        for i, kernel in enumerate(kernels):
            left = MARGIN + i % columns * (WIDTH - 2 * MARGIN) / columns
            top = y + i // columns * cell
            draw_kernel(picture, scale, left, top, kernel, table[kernel], names, colors, step)
        y += math.ceil(len(kernels) / columns) * cell
    picture.write(path, y + 4)
