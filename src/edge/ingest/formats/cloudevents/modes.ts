/** How a request holds its events. Source: CloudEvents, HTTP Protocol Binding 1.0.2, section 3. */
export type Mode =
  /** The attributes are headers, and the body is the data. */
  | 'binary'
  | 'structured'
  | 'batch'
  /** One event or an array of them under the Content-Type of any JSON, as OpenMeter takes them too. */
  | 'plain'

/** @returns undefined for a Content-Type that holds no event. */
export function modeOf(headers: Headers): Mode | undefined {
  const type = mediaTypeOf(headers)
  if (type === 'application/cloudevents+json') return 'structured'
  if (type === 'application/cloudevents-batch+json') return 'batch'
  if (headers.has('ce-specversion')) return type.startsWith('application/cloudevents') ? undefined : 'binary'
  return type === 'application/json' ? 'plain' : undefined
}

/** The media type in lower case, without its parameters. */
function mediaTypeOf(headers: Headers): string {
  return (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** Whether the body of an event in the binary mode is JSON, so that meters can read its fields. It is when there is no type. */
export function hasJsonData(headers: Headers): boolean {
  const type = mediaTypeOf(headers)
  return type === '' || /^[\w.-]+\/(?:[\w.-]+\+)?json$/.test(type)
}

/** The attributes of an event in the binary mode. One that is no text of UTF-8 is left as it is written. */
export function attributesOf(headers: Headers): Readonly<Record<string, string>> {
  const attributes = [...headers].flatMap(([name, value]) => {
    return name.startsWith('ce-') ? [[name.slice(3), decodeHeader(value)]] : []
  })
  // A name such as __proto__ is an own property here.
  return Object.fromEntries(attributes)
}

/** Source: the binding's section 3.1.3.2, which undoes quotes of older senders too. */
function decodeHeader(value: string): string {
  const bare = /^"(.*)"$/.exec(value)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? value
  try {
    return decodeURIComponent(bare)
  } catch {
    return bare
  }
}
