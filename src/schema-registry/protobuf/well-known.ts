import { confluentFiles } from './well-known/confluent.ts'
import { descriptorFiles } from './well-known/descriptor.ts'
import { googleTypeFiles } from './well-known/google-types.ts'
import { protobufFiles } from './well-known/protobuf.ts'

const texts: ReadonlyMap<string, string> = new Map(
  [descriptorFiles, protobufFiles, googleTypeFiles, confluentFiles].flatMap((files) => Object.entries(files)),
)

/**
 * The text of a file that registries have built in, so that nobody registers it as a reference; undefined for any other path.
 */
export function wellKnownText(path: string): string | undefined {
  return texts.get(path)
}
