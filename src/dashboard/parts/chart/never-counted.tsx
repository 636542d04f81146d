import { usePage } from '../../data/context.ts'
import { useAnswer } from '../../data/hooks.ts'
import { readNear } from '../../data/read.ts'
import type { Chart, View } from '../../data/view.ts'
import { KeyName } from '../key-name.tsx'
import { Link } from '../link.tsx'

/** Says of a key without a count whether it was never counted, as a mistyped one, and offers keys that are like it. */
export function NeverCounted({ view, name }: { readonly view: Chart; readonly name: string }) {
  const { zone } = usePage()
  const { period } = view
  const asked = useAnswer(JSON.stringify([name, period, zone.name]), async (signal) => ({
    near: await readNear({ key: name, period, zone }, signal),
  }))
  const near = asked.value?.near
  if (near === undefined || asked.isLoading) return null
  const instead = (other: string): View => ({
    ...view,
    shown: view.shown.map((each) =>
      each.kind === 'key' && each.name === name ? { kind: 'key', name: other } : each,
    ),
  })
  return (
    <p class="never" role="status">
      <KeyName name={name} /> was never counted.
      {near.length === 0 ? null : ' Keys with a name like it: '}
      {near.map((other, i) => (
        <span key={other}>
          {i === 0 ? '' : ', '}
          <Link to={instead(other)}>
            <KeyName name={other} />
          </Link>
        </span>
      ))}
    </p>
  )
}
