// Measures minisearch over the documents and questions of the file named, whose texts are terms already, separated by blanks.
import { readFileSync } from 'node:fs'
import MiniSearch from 'minisearch'

const file = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const split = text => text.split(' ')
const report = (name, value, unit) => console.log([name, value, unit].join('\t'))

let start = performance.now()
const index = new MiniSearch({ fields: ['text'], tokenize: split, processTerm: t => t })
index.addAll(file.documents)
report('minisearch_build_s', (performance.now() - start) / 1000, 's')
const ask = terms => index.search(terms.join(' '), { tokenize: split, processTerm: t => t, combineWith: 'OR' }).slice(0, 10)
let right = 0
for (const k of file.known) {
  const hits = ask(k.terms)
  if (hits.length > 0 && hits[0].id === k.id) right++
}
report('known_items_minisearch', right / file.known.length, 'share of questions with one answer that it gave first')
const took = []
for (const terms of file.questions) {
  start = performance.now()
  ask(terms)
  took.push(performance.now() - start)
}
took.sort((a, b) => a - b)
report('minisearch_query_p50_ms', took[Math.floor(took.length * 0.5)], 'ms')
report('minisearch_query_p99_ms', took[Math.floor(took.length * 0.99)], 'ms')
