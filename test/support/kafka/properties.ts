import { join } from 'node:path'
import { brokerPrincipal } from './realm.ts'

/** Names of the listeners a broker can have; CONTROLLER is for the nodes among themselves. */
export type Listener =
  | 'PLAINTEXT'
  | 'CONTROLLER'
  | 'SSL'
  | 'MTLS'
  | 'SASL_PLAINTEXT'
  | 'SASL_SSL'
  | 'OIDC'
  | 'REAUTH'
  | 'GSSAPI'

export const secureListeners: readonly Listener[] = ['SSL', 'MTLS', 'SASL_PLAINTEXT', 'SASL_SSL', 'OIDC', 'REAUTH']

/** The kind of security of each listener: MTLS asks for a client certificate, OIDC for a signed token, REAUTH for a new login every 2 s, GSSAPI for a Kerberos ticket. */
const securityProtocols: Record<Listener, string> = {
  PLAINTEXT: 'PLAINTEXT',
  CONTROLLER: 'PLAINTEXT',
  SSL: 'SSL',
  MTLS: 'SSL',
  SASL_PLAINTEXT: 'SASL_PLAINTEXT',
  SASL_SSL: 'SASL_SSL',
  OIDC: 'SASL_PLAINTEXT',
  REAUTH: 'SASL_PLAINTEXT',
  GSSAPI: 'SASL_PLAINTEXT',
}

/** Host of a listener: certificates and the broker's Kerberos name are for `localhost`, everything else avoids name look-ups. */
export function listenerHost(listener: Listener): string {
  return securityProtocols[listener].endsWith('SSL') || listener === 'GSSAPI' ? 'localhost' : '127.0.0.1'
}

export interface NodePlan {
  nodeId: number
  isBroker: boolean
  isController: boolean
  ports: ReadonlyMap<Listener, number>
}

export interface ClusterPlan {
  nodes: readonly NodePlan[]
  /** What the secure listeners need, when there are any. */
  security?: SecurityFiles | undefined
  /** File with the key of the broker's Kerberos name, when there is a GSSAPI listener. */
  keytab?: string | undefined
  /** Settings that win over those chosen here. */
  properties?: Readonly<Record<string, string>> | undefined
}

export interface SecurityFiles {
  /** Folder made by make-certs.sh. */
  certificates: string
  /** The issuer that the OIDC listener trusts. */
  issuerUrl: string
}

/** The text of a node's server.properties. */
export function serverProperties(cluster: ClusterPlan, node: NodePlan, folder: string): string {
  const settings = {
    ...identity(cluster, node, folder),
    ...internalTopics(cluster.nodes.filter((other) => other.isBroker).length),
    ...smallAndQuick,
    ...(cluster.nodes.length > 1 ? quickFailover : {}),
    ...(cluster.security === undefined ? {} : security(cluster.security)),
    ...(cluster.keytab === undefined ? {} : kerberos(cluster.keytab)),
    ...cluster.properties,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** Segments go to a folder half a second after they are complete. The class is of the broker's own tests. */
export function tieredStorage(folder: string): Record<string, string> {
  return {
    'remote.log.storage.system.enable': 'true',
    'remote.log.storage.manager.class.name': 'org.apache.kafka.server.log.remote.storage.LocalTieredStorage',
    'remote.log.metadata.manager.listener.name': 'PLAINTEXT',
    'remote.log.manager.task.interval.ms': '500',
    'rsm.config.dir': folder,
    'rlmm.config.remote.log.metadata.topic.replication.factor': '1',
    'rlmm.config.remote.log.metadata.topic.num.partitions': '3',
    'log.retention.check.interval.ms': '500',
    'log.initial.task.delay.ms': '500',
  }
}

function identity(cluster: ClusterPlan, node: NodePlan, folder: string): Record<string, string> {
  const own = [...node.ports]
  const advertised = own.filter(([listener]) => listener !== 'CONTROLLER')
  const voters = cluster.nodes
    .filter((other) => other.isController)
    .map((other) => `${other.nodeId}@127.0.0.1:${other.ports.get('CONTROLLER')}`)
  const roles = [...(node.isBroker ? ['broker'] : []), ...(node.isController ? ['controller'] : [])]
  return {
    'process.roles': roles.join(','),
    'node.id': String(node.nodeId),
    'controller.quorum.voters': voters.join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: own.map(([listener, port]) => `${listener}://127.0.0.1:${port}`).join(','),
    'listener.security.protocol.map': Object.entries(securityProtocols)
      .map(([listener, protocol]) => `${listener}:${protocol}`)
      .join(','),
    'log.dirs': join(folder, 'data'),
    ...(node.isBroker
      ? {
          'advertised.listeners': advertised
            .map(([listener, port]) => `${listener}://${listenerHost(listener)}:${port}`)
            .join(','),
          'inter.broker.listener.name': 'PLAINTEXT',
          'broker.rack': `rack-${node.nodeId}`,
        }
      : {}),
  }
}

function internalTopics(brokers: number): Record<string, string> {
  const replicas = String(Math.min(brokers, 3))
  const inSync = brokers >= 3 ? '2' : '1'
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'offsets.topic.num.partitions': '3',
    'transaction.state.log.num.partitions': '3',
    'share.coordinator.state.topic.num.partitions': '3',
  }
}

const smallAndQuick: Record<string, string> = {
  'num.network.threads': '2',
  'num.io.threads': '2',
  'background.threads': '2',
  'log.cleaner.dedupe.buffer.size': '2097152',
  'group.initial.rebalance.delay.ms': '0',
  'group.streams.initial.rebalance.delay.ms': '0',
  // Lower bounds only: what a group uses is the client's choice.
  'group.min.session.timeout.ms': '1000',
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.min.heartbeat.interval.ms': '200',
  // A killed broker is replaced, or may come back, after 1.5 s instead of 9.
  'broker.heartbeat.interval.ms': '200',
  'broker.session.timeout.ms': '1500',
}

const quickFailover: Record<string, string> = {
  'controller.quorum.election.timeout.ms': '300',
  'controller.quorum.fetch.timeout.ms': '600',
  'controller.quorum.election.backoff.max.ms': '200',
  'replica.lag.time.max.ms': '3000',
  'leader.imbalance.check.interval.seconds': '5',
}

/** Users of the SASL listeners. SCRAM knows only alice (added when the storage is formatted). */
export const saslUsers: Readonly<Record<string, string>> = { admin: 'admin-secret', alice: 'alice-secret' }

function security({ certificates, issuerUrl }: SecurityFiles): Record<string, string> {
  const plainUsers = Object.entries(saslUsers).map(([name, password]) => ` user_${name}="${password}"`)
  const saslListeners = ['sasl_plaintext', 'sasl_ssl'].flatMap((listener): [string, string][] => [
    [`listener.name.${listener}.plain.sasl.jaas.config`, loginModule('plain.PlainLoginModule', plainUsers.join(''))],
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`, loginModule('scram.ScramLoginModule')],
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`, loginModule('scram.ScramLoginModule')],
    [`listener.name.${listener}.oauthbearer.sasl.jaas.config`, loginModule('oauthbearer.OAuthBearerLoginModule')],
  ])
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(certificates, 'server.keystore.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(certificates, 'ca.crt'),
    'listener.name.mtls.ssl.client.auth': 'required',
    'listener.name.mtls.ssl.principal.mapping.rules': 'RULE:^CN=([^,]+),OU=apps,O=Test$/$1/,DEFAULT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    ...Object.fromEntries(saslListeners),
    'listener.name.oidc.sasl.enabled.mechanisms': 'OAUTHBEARER',
    ...Object.fromEntries(
      Object.entries({
        'sasl.jaas.config': loginModule('oauthbearer.OAuthBearerLoginModule'),
        'sasl.server.callback.handler.class':
          'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler',
        'sasl.oauthbearer.jwks.endpoint.url': jwksUrl(issuerUrl),
        'sasl.oauthbearer.expected.audience': 'kafka',
        'sasl.oauthbearer.expected.issuer': issuerUrl,
      }).map(([name, value]) => [`listener.name.oidc.oauthbearer.${name}`, value]),
    ),
    'listener.name.reauth.sasl.enabled.mechanisms': 'SCRAM-SHA-256',
    'listener.name.reauth.scram-sha-256.sasl.jaas.config': loginModule('scram.ScramLoginModule'),
    'listener.name.reauth.scram-sha-256.connections.max.reauth.ms': '2000',
    'delegation.token.secret.key': 'not-a-secret',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // The nodes themselves and the tests' own admin clients come in over PLAINTEXT.
    'super.users': 'User:ANONYMOUS;User:admin',
  }
}

function kerberos(keytab: string): Record<string, string> {
  const options = `useKeyTab=true storeKey=true isInitiator=false keyTab="${keytab}" principal="${brokerPrincipal}"`
  return {
    'listener.name.gssapi.sasl.enabled.mechanisms': 'GSSAPI',
    'listener.name.gssapi.sasl.kerberos.service.name': 'kafka',
    'listener.name.gssapi.gssapi.sasl.jaas.config': `com.sun.security.auth.module.Krb5LoginModule required ${options};`,
  }
}

function loginModule(name: string, options = ''): string {
  return `org.apache.kafka.common.security.${name} required${options};`
}

/** Where the broker gets the keys of an issuer; its JVM must be allowed to ask there. */
export function jwksUrl(issuerUrl: string): string {
  return `${issuerUrl}/jwks`
}
