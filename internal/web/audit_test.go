package web

// audit is run in a page and lists what keeps it from being read by everybody: sideways scrolling, text of too little
// contrast (WCAG: 4.5, large text 3) or too small, inputs without a label, links and buttons without text, ids that occur
// twice, more or less than one main heading, headings that skip a level.
const audit = `(() => {
  const faults = new Set();
  if (document.documentElement.scrollWidth > innerWidth) faults.add('scrolls sideways: ' + document.documentElement.scrollWidth);
  if (document.querySelectorAll('h1').length !== 1) faults.add(document.querySelectorAll('h1').length + ' main headings');
  if (!document.querySelector('main') || document.documentElement.lang !== 'zh-CN') faults.add('no main part or no language');
  const ids = new Map();
  for (const e of document.querySelectorAll('[id]')) ids.set(e.id, (ids.get(e.id) || 0) + 1);
  for (const [id, n] of ids) if (n > 1) faults.add('id ' + id + ' occurs ' + n + ' times');
  for (const e of document.querySelectorAll('input:not([type=hidden])')) if (!e.labels.length) faults.add('no label: ' + e.outerHTML);
  for (const e of document.querySelectorAll('a, button, summary')) if (!e.textContent.trim()) faults.add('no text: ' + e.outerHTML);
  let level = 0;
  for (const e of document.querySelectorAll('h1, h2, h3, h4')) {
    const l = Number(e.tagName[1]);
    if (e.closest('details:not([open])')) continue;
    if (level && l > level + 1) faults.add('heading ' + e.textContent + ' skips a level');
    level = l;
  }
  const rgba = (s) => { const m = s.match(/[\d.]+/g).map(Number); return [m[0], m[1], m[2], m.length > 3 ? m[3] : 1]; };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const ground = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((under, c) => over(c, under), [255, 255, 255, 1]);
  };
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const e = n.parentElement;
    if (!n.textContent.trim() || !e.checkVisibility() || e.closest('[aria-hidden=true], .sr, .skip')) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const back = ground(e), front = over(rgba(style.color), back);
    const [hi, lo] = [light(back), light(front)].sort((a, b) => b - a);
    const need = size >= 24 || (size >= 18.6 && style.fontWeight >= 700) ? 3 : 4.5;
    const ratio = (hi + 0.05) / (lo + 0.05);
    if (ratio < need) faults.add('contrast ' + ratio.toFixed(2) + ': ' + n.textContent.trim().slice(0, 20));
    if (size < 12) faults.add('text of ' + size + ' px: ' + n.textContent.trim().slice(0, 20));
  }
  return [...faults];
})()`
