import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './command.ts'
import { KafkaUnavailableError } from './cluster.ts'
import { Guard } from './guard.ts'
import { ensureJars, type OldVersion } from './jars.ts'
import { classPath, javaCommand, javaVersion } from './java.ts'
import { KafkaNode } from './node.ts'
import { freePorts } from './ports.ts'

/** One running broker of an older Kafka, with its ZooKeeper where it needs one. */
export interface OldBroker {
  readonly bootstrapServers: string
  /** Kills it and deletes its data. */
  close(): Promise<void>
}

const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg'

/** The jar sets are of the time before log4j 2. ZooKeeper 3.4 would look for a class of log4j that its successor lacks. */
const jvmFlags: readonly string[] = [
  '-Xmx256m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Dzookeeper.jmx.log4j.disable=true',
  `-Dlog4j.configuration=file:${fileURLToPath(new URL('log4j.properties', import.meta.url))}`,
]

const common = (folder: string): Record<string, string> => ({
  'log.dirs': join(folder, 'data'),
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'offsets.topic.num.partitions': '3',
  'transaction.state.log.num.partitions': '3',
  'num.network.threads': '2',
  'num.io.threads': '2',
  'background.threads': '2',
  'log.cleaner.dedupe.buffer.size': '2097152',
  'group.initial.rebalance.delay.ms': '0',
  // The default since 1.0.
  'delete.topic.enable': 'true',
})

/** Starts a broker of an older Kafka on free ports, in some seconds. `properties` are more of its settings. */
export async function startOldBroker(
  version: OldVersion,
  properties: Readonly<Record<string, string>> = {},
): Promise<OldBroker> {
  if ((await javaVersion()) === undefined)
    throw new KafkaUnavailableError('there is no Java 17 or newer on this machine')
  const jars = await ensureJars(`broker-${version}`).catch((cause: unknown) => {
    throw new KafkaUnavailableError(`the jars of Kafka ${version} could not be fetched (${String(cause)})`, { cause })
  })
  const flags = [...jvmFlags, '-cp', await classPath(jars)]
  const folder = await mkdtemp(join(tmpdir(), 'kafkawire-old-'))
  const guard = new Guard(folder)
  const nodes: KafkaNode[] = []
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()))
    await guard.release()
  }
  const start = async (nodeId: number, port: number, args: readonly string[], readyLine: string): Promise<void> => {
    const node = new KafkaNode({ nodeId, port, folder, jvmArgs: [...flags, ...args], guard, readyLine })
    nodes.push(node)
    await node.start()
  }
  try {
    const [port = 0, other = 0] = await freePorts(2)
    const settings = { ...common(folder), ...properties }
    if (version.startsWith('3.')) await startWithQuorum(folder, settings, flags, port, other, start)
    else await startWithZooKeeper(version, folder, settings, port, other, start)
    return { bootstrapServers: `127.0.0.1:${port}`, close }
  } catch (error) {
    await close()
    throw error
  }
}

type Start = (nodeId: number, port: number, args: readonly string[], readyLine: string) => Promise<void>

async function startWithQuorum(
  folder: string,
  settings: Readonly<Record<string, string>>,
  flags: readonly string[],
  port: number,
  controllerPort: number,
  start: Start,
): Promise<void> {
  const file = await writeProperties(folder, 'server.properties', {
    ...settings,
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
  })
  await run(javaCommand(), [...flags, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file])
  await start(1, port, ['kafka.Kafka', file], 'Kafka Server started')
}

async function startWithZooKeeper(
  version: OldVersion,
  folder: string,
  settings: Readonly<Record<string, string>>,
  port: number,
  zooKeeperPort: number,
  start: Start,
): Promise<void> {
  await mkdir(join(folder, 'zookeeper'))
  const zooKeeper = await writeProperties(folder, 'zoo.cfg', {
    tickTime: '500',
    dataDir: join(folder, 'zookeeper'),
    clientPort: String(zooKeeperPort),
    clientPortAddress: '127.0.0.1',
    'admin.enableServer': 'false',
  })
  await start(0, zooKeeperPort, ['org.apache.zookeeper.server.quorum.QuorumPeerMain', zooKeeper], 'binding to port')
  const broker = await writeProperties(folder, 'server.properties', {
    ...settings,
    'broker.id': '1',
    'zookeeper.connect': `127.0.0.1:${zooKeeperPort}`,
    'zookeeper.session.timeout.ms': '6000',
    listeners: `PLAINTEXT://127.0.0.1:${port}`,
  })
  await start(1, port, ['kafka.Kafka', broker], version === '0.11.0.3' ? '], started' : '] started')
}

async function writeProperties(folder: string, name: string, settings: Record<string, string>): Promise<string> {
  const file = join(folder, name)
  await writeFile(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  return file
}
