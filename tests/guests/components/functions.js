// What a component in JavaScript exports: values of most types in and out.
export const hello = (name) => `Hello, ${name}!`;
export const sum = (values) => values.reduce((a, b) => a + b, 0);
export const person = (n) => ({ name: `p${n}`, age: n, tags: ['a', 'b'], alive: n > 3 ? undefined : true });
export const halves = (n) => {
  if (n % 2) throw 'odd';
  return n / 2;
};
export const next = ({ kind, at: [n, letter] }) => ({
  kind: kind === 'red' ? 'green' : 'red',
  at: [n + 1, String.fromCodePoint(letter.codePointAt(0) + 1)],
});
export const fails = () => {
  throw new Error('as it was told');
};
