import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HtmlLinks } from './html-links.ts';

const prefixed = (link: string) => (link.startsWith('/') ? `/p${link}` : link);

/** The page cut into pieces of this many bytes. */
function rewritten(page: string, pieceBytes = Number.POSITIVE_INFINITY): string {
  const links = new HtmlLinks(prefixed);
  const bytes = Buffer.from(page);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += Math.min(pieceBytes, bytes.length))
    out.push(links.push(bytes.subarray(at, at + pieceBytes)));
  return Buffer.concat([...out, links.end()]).toString();
}

describe('links', () => {
  test.each([
    ['<a href="/x">x</a>', '<a href="/p/x">x</a>'],
    ["<A  HREF = '/x' class=q>", "<A  HREF = '/p/x' class=q>"],
    ['<a href=/x>', '<a href=/p/x>'],
    ['<a name=x href=/y disabled>', '<a name=x href=/p/y disabled>'],
    ['<img src="/i.png"/>', '<img src="/p/i.png"/>'],
    ['<link rel=stylesheet\nhref="/s.css">', '<link rel=stylesheet\nhref="/p/s.css">'],
    ['<input value="/no" src="/in.png">', '<input value="/no" src="/p/in.png">'],
    ['<video src="/v" poster="/p.png"></video>', '<video src="/p/v" poster="/p/p.png"></video>'],
    ['<a title="href=/no > href=" href="/x">', '<a title="href=/no > href=" href="/p/x">'],
    ['<a href="/ü?a=1&amp;b=2">ü</a>', '<a href="/p/ü?a=1&amp;b=2">ü</a>'],
    ['<a href="">', '<a href="">'],
  ])('%s', (page, expected) => {
    expect(rewritten(page)).toBe(expected);
  });

  test.each([
    '<div data="/no" style="background:url(/no)">/no</div>',
    '<!-- <a href="/no"> -->',
    '<!DOCTYPE html><?xml href="/no"?>',
    '<script>var a = "<a href=\'/no\'>";</script>',
    '<textarea><a href="/no"></textarea>',
    '<style><a href="/no"></style><title><a href="/no"></title>',
    'a < b, <3, </a href="/no">, <',
    '<abbr href="/no"><x-a href="/no">',
    '<a href="/no',
    '<script>never ended <a href="/no">',
  ])('%s stays', (page) => {
    expect(rewritten(page)).toBe(page);
  });
});

test('what comes behind a script is looked at again', () => {
  expect(rewritten('<script src="/s">"</SCRIPT><a href="/x">')).toBe('<script src="/p/s">"</SCRIPT><a href="/p/x">');
});

test('a page may come in any pieces', () => {
  const page =
    '<!DOCTYPE html><!-- c --><script src="/a.js">if (a < b) "</a"</script><a href="/ü">ü</a><textarea></text</textarea><img src=/i>';
  const whole = rewritten(page);
  expect(whole).toContain('/p/a.js');
  fc.assert(fc.property(fc.integer({ min: 1, max: page.length }), (size) => rewritten(page, size) === whole));
});

test('whatever comes, nothing but links changes, and little is held back', () => {
  const part = fc.constantFrom(
    '<',
    '>',
    'a',
    ' href=',
    '"',
    "'",
    '/x',
    '<a ',
    '<script>',
    '</script>',
    '<!--',
    '-->',
    '=',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), fc.integer({ min: 1, max: 10 }), (parts, size) => {
      const page = parts.join('');
      const links = new HtmlLinks((link) => link);
      const out: Buffer[] = [];
      for (let at = 0; at < page.length; at += size) out.push(links.push(Buffer.from(page.slice(at, at + size))));
      return Buffer.concat([...out, links.end()]).toString() === page;
    }),
  );
  const endless = new HtmlLinks(prefixed);
  let passed = 0;
  for (let at = 0; at < 100; at++) passed += endless.push(Buffer.alloc(1000, at === 0 ? '<a x' : 'y')).length;
  expect(passed).toBeGreaterThan(30_000);
});
