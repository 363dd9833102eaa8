import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './command.ts'
import { Guard } from './guard.ts'
import { cacheFolder, ensureJars } from './jars.ts'
import { classDataName, classPath, javaCommand, javaVersion, jvmFlags } from './java.ts'
import { KafkaNode } from './node.ts'
import { freePorts } from './ports.ts'
import {
  jwksUrl,
  listenerHost,
  saslUsers,
  secureListeners,
  serverProperties,
  tieredStorage,
  type ClusterPlan,
  type Listener,
  type NodePlan,
} from './properties.ts'
import { type Realm, startRealm } from './realm.ts'
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

const allowedUrlsProperty = 'org.apache.kafka.sasl.oauthbearer.allowed.urls'
const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg'

export interface ClusterOptions {
  /** Default 1. */
  brokers?: number
  /**
   * Puts the controller into a process of its own (node 9) instead of into every broker. For tests that take down more
   * brokers than a quorum survives. Default false.
   */
  separateController?: boolean
  /** Opens the TLS and SASL listeners besides PLAINTEXT. Default false. */
  security?: boolean
  /** Makes a Kerberos realm and opens the GSSAPI listener besides PLAINTEXT. Default false. */
  kerberos?: boolean
  /** Keeps what topics with `remote.storage.enable` have in a folder besides the logs (KIP-405); Kafka 4.3.1. Default false. */
  tieredStorage?: boolean
  /** Levels of features that differ from the newest, such as `transaction.version: 1`. */
  features?: Readonly<Record<string, number>>
  /** Broker settings that win over the harness's own. */
  properties?: Readonly<Record<string, string>>
  /** Further flags for every node's JVM. */
  jvmArgs?: readonly string[]
}

/** A throw-away Kafka cluster on this machine. */
export interface Cluster {
  /** host:port of every broker's PLAINTEXT listener. */
  readonly bootstrapServers: string
  /** Brokers first, then the separate controller if there is one. */
  readonly nodes: readonly KafkaNode[]
  /** The node with this id (1, 2, 3; 9 is the separate controller). */
  node(nodeId: number): KafkaNode
  /** host:port of a listener on every broker that runs it. */
  endpoints(listener: Listener): string
  /** Folder of the PEM files, with `security`: ca, server, badname, client, client.enc.p8, otherca, rogue. */
  readonly certificates: string | undefined
  /** Makes tokens for the OIDC listener, with `security`. */
  readonly tokenIssuer: TokenIssuer | undefined
  /** The realm of the GSSAPI listener, with `kerberos`. */
  readonly realm: Realm | undefined
  /** Kills every node and deletes its data. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Thrown when this machine can't run a Kafka broker at all; says what is missing. */
export class KafkaUnavailableError extends Error {
  override readonly name = 'KafkaUnavailableError'
}

/** Starts a cluster of JVM processes on free ports and resolves when all of them serve (1-3 s). */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const version = await javaVersion()
  if (version === undefined) throw new KafkaUnavailableError('there is no Java 17 or newer on this machine')
  const jars = await ensureJars(options.tieredStorage === true ? 'broker-tiered' : 'broker').catch((cause: unknown) => {
    throw new KafkaUnavailableError(`the broker's jars could not be fetched (${String(cause)})`, { cause })
  })
  const path = await classPath(jars)
  const classData = join(cacheFolder(), classDataName(version, path))
  // A port can be taken between the moment it was found free and the broker's bind.
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnFreePorts(options, path, classData)
    } catch (error) {
      if (attempt === 3 || !/Address already in use/.test(String(error))) throw error
    }
  }
}

async function startOnFreePorts(options: ClusterOptions, path: string, classData: string): Promise<Cluster> {
  const root = await mkdtemp(join(tmpdir(), 'kafkawire-'))
  const guard = new Guard(root)
  const nodes: KafkaNode[] = []
  const tokenIssuer = options.security === true ? await startTokenIssuer() : undefined
  let realm: Realm | undefined
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()))
    await tokenIssuer?.close()
    await realm?.close()
    await guard.release()
  }
  try {
    const security =
      tokenIssuer === undefined ? undefined : { certificates: await makeCertificates(root), issuerUrl: tokenIssuer.url }
    const share = existsSync(classData) ? [`-XX:SharedArchiveFile=${classData}`] : []
    const allowed = security === undefined ? [] : [`-D${allowedUrlsProperty}=${jwksUrl(security.issuerUrl)}`]
    if (options.kerberos === true) realm = await startRealm(join(root, 'realm'), (await freePorts(1))[0]!, guard)
    const ticketing = realm === undefined ? [] : [`-Djava.security.krb5.conf=${realm.configFile}`]
    const flags = [...jvmFlags, ...share, ...allowed, ...ticketing, ...(options.jvmArgs ?? [])]
    const remote = options.tieredStorage === true ? tieredStorage(join(root, 'remote')) : {}
    const properties = { ...remote, ...options.properties }
    const plan: ClusterPlan = { nodes: await planNodes(options), security, keytab: realm?.keytab, properties }
    for (const node of plan.nodes) {
      const folder = join(root, `node-${node.nodeId}`)
      const propertiesFile = join(folder, 'server.properties')
      await mkdir(folder)
      await writeFile(propertiesFile, serverProperties(plan, node, folder))
      const formatting = {
        hasUsers: security !== undefined,
        features: options.features ?? {},
        // That of tiered storage is older than the others.
        snapshotFile: options.tieredStorage === true ? 'bootstrap.checkpoint' : firstSnapshotFile,
      }
      await format(join(folder, 'data'), node.nodeId, propertiesFile, path, formatting)
      const jvmArgs = [...flags, '-cp', path, 'kafka.Kafka', propertiesFile]
      nodes.push(new KafkaNode({ nodeId: node.nodeId, port: node.ports.get('PLAINTEXT'), folder, jvmArgs, guard }))
    }
    await Promise.all(nodes.map((node) => node.start()))
    return cluster(plan, nodes, { tokenIssuer, realm, close })
  } catch (error) {
    await close()
    throw error
  }
}

function cluster(
  plan: ClusterPlan,
  nodes: readonly KafkaNode[],
  { tokenIssuer, realm, close }: Pick<Cluster, 'tokenIssuer' | 'realm' | 'close'>,
): Cluster {
  const endpoints = (listener: Listener): string =>
    plan.nodes
      .filter((node) => node.isBroker && node.ports.has(listener))
      .map((node) => `${listenerHost(listener)}:${node.ports.get(listener)}`)
      .join(',')
  return {
    bootstrapServers: endpoints('PLAINTEXT'),
    nodes,
    node: (nodeId) => {
      const found = nodes.find((node) => node.nodeId === nodeId)
      if (found === undefined) throw new Error(`The cluster has no node ${nodeId}`)
      return found
    },
    endpoints,
    certificates: plan.security?.certificates,
    tokenIssuer,
    realm,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function planNodes(options: ClusterOptions): Promise<NodePlan[]> {
  const isSeparate = options.separateController === true
  const brokerListeners: Listener[] = ['PLAINTEXT', ...(options.security === true ? secureListeners : [])]
  if (options.kerberos === true) brokerListeners.push('GSSAPI')
  const nodes: { nodeId: number; isBroker: boolean; isController: boolean }[] = []
  for (let nodeId = 1; nodeId <= (options.brokers ?? 1); nodeId++) {
    nodes.push({ nodeId, isBroker: true, isController: !isSeparate })
  }
  if (isSeparate) nodes.push({ nodeId: 9, isBroker: false, isController: true })
  const ports = await freePorts(nodes.length * (brokerListeners.length + 1))
  return nodes.map(({ nodeId, isBroker, isController }) => {
    const listeners = [...(isBroker ? brokerListeners : []), ...(isController ? ['CONTROLLER' as const] : [])]
    return { nodeId, isBroker, isController, ports: new Map(listeners.map((listener) => [listener, ports.pop()!])) }
  })
}

/** Where Kafka's formatter writes its snapshot, since 4.4. */
const firstSnapshotFile = '__cluster_metadata-0/00000000000000000000-0000000000.checkpoint'

interface Formatting {
  hasUsers: boolean
  features: Readonly<Record<string, number>>
  /** Below the data folder. */
  snapshotFile: string
}

/**
 * Makes a formatted data folder. Kafka's own formatter writes two files: the node's identity, and a snapshot with the
 * feature levels and the SCRAM users. The snapshot is the same for every node, so it is made once and kept in the
 * cache, which spares a JVM start for each node.
 */
async function format(
  data: string,
  nodeId: number,
  propertiesFile: string,
  path: string,
  { hasUsers, features, snapshotFile }: Formatting,
): Promise<void> {
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((name) => `${name}=[name=alice,password=${saslUsers['alice']}]`)
  const levels = Object.entries(features).flatMap(([name, level]) => ['--feature', `${name}=${level}`])
  const extra = [...(hasUsers ? scram.flatMap((user) => ['--add-scram', user]) : []), ...levels]
  const key = createHash('sha256')
    .update(JSON.stringify([path, extra]))
    .digest('hex')
    .slice(0, 16)
  const template = join(cacheFolder(), `formatted-${key}.checkpoint`)
  const snapshot = join(data, snapshotFile)
  if (!existsSync(template)) {
    const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesFile, ...extra]
    await run(javaCommand(), [...jvmFlags, '-cp', path, ...tool])
    await copyFile(snapshot, `${template}.${process.pid}`)
    await rename(`${template}.${process.pid}`, template)
    await rm(data, { recursive: true })
  }
  await mkdir(dirname(snapshot), { recursive: true })
  await copyFile(template, snapshot)
  const directoryId = randomBytes(16).toString('base64url')
  await writeFile(
    join(data, 'meta.properties'),
    `version=1\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${directoryId}\n`,
  )
}

async function makeCertificates(root: string): Promise<string> {
  const folder = join(root, 'certificates')
  await run('bash', [fileURLToPath(new URL('make-certs.sh', import.meta.url)), folder])
  return folder
}

/**
 * Starts a one-node cluster once to write the class data archive that makes every later start twice as fast (0.8 s
 * instead of 1.5 s). Does nothing when the archive exists. Costs about 5 s, once per machine and Java version.
 */
export async function ensureClassData(): Promise<void> {
  const version = await javaVersion()
  if (version === undefined) return
  const path = await classPath(await ensureJars('broker'))
  const archive = join(cacheFolder(), classDataName(version, path))
  if (existsSync(archive)) return
  const unfinished = `${archive}.${process.pid}`
  const cluster = await startCluster({ jvmArgs: [`-XX:ArchiveClassesAtExit=${unfinished}`] })
  try {
    // The archive is written at a clean exit only.
    await Promise.all(cluster.nodes.map((node) => node.stop()))
    await rename(unfinished, archive)
  } finally {
    await cluster.close()
  }
}
