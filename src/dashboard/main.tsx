import 'uplot/dist/uPlot.min.css'
import './style.css'
// First, because what is imported after it reads the language while it loads.
import './language.ts'
import { render } from 'preact'
import { App } from './app.tsx'

const place = document.getElementById('app')
if (place === null) throw new Error('the page has a place for the app')
render(<App />, place)
