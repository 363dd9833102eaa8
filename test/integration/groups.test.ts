import { expect, test } from 'vitest'
import { Kafka, string } from '../../src/index.ts'
import { Assignments, numbers, Reading, until } from '../consumer/loops.ts'
import { runJavaTool } from '../support/java-tools.ts'
import { run } from '../support/kafka/command.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

const PARTITIONS = 6

/** What a member reads until it has so many records; it leaves the group then. */
type Member = (bootstrapServers: string, topic: string, groupId: string, count: number) => Promise<string[]>

const javaMember: Member = async (bootstrapServers, topic, groupId, count) => {
  const options = {
    'bootstrap-server': bootstrapServers,
    topic,
    'group-id': groupId,
    'max-messages': String(count),
    'session-timeout': '10000',
    'reset-policy': 'earliest',
    'assignment-strategy': 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const { stdout } = await runJavaTool('org.apache.kafka.tools.VerifiableConsumer', [...args, '--verbose'])
  const events = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { name: string; value: string })
  return events.filter(({ name }) => name === 'record_data').map(({ value }) => value)
}

const kcatMember: Member = async (bootstrapServers, topic, groupId, count) => {
  const properties = [
    'partition.assignment.strategy=cooperative-sticky',
    'auto.offset.reset=earliest',
    'heartbeat.interval.ms=500',
  ]
  const flags = properties.flatMap((property) => ['-X', property])
  const args = ['-b', bootstrapServers, '-q', '-c', String(count), '-f', '%s\\n', ...flags, '-G', groupId, topic]
  const { stdout } = await run('kcat', args)
  return stdout.trimEnd().split('\n')
}

describeWithKafka('one cooperative-sticky group of several clients', ['java', 'kcat'], ({ bootstrapServers }) => {
  const kafka = new Kafka({ bootstrapServers })

  test('shares its partitions without a rebalance storm, and hands them on when members leave', async () => {
    const topic = uniqueName('shared')
    const groupId = uniqueName('group')
    const admin = kafka.admin()
    await admin.createTopics([{ name: topic, partitions: PARTITIONS, replicationFactor: 1 }])
    await admin.close()
    const producer = kafka.producer()
    const produce = async (from: number, to: number): Promise<void> => {
      const values = numbers(from, to)
      await producer.sendMany(values.map((value, index) => ({ topic, value, partition: index % PARTITIONS })))
    }
    const assignments = new Assignments()
    const consumer = kafka.consumer({
      groupId,
      topics: [topic],
      assignors: ['cooperative-sticky'],
      autoOffsetReset: 'earliest',
      value: string,
      heartbeatIntervalMs: 300,
      ...assignments.listeners,
    })
    const reading = new Reading(consumer)
    await assignments.reach(PARTITIONS)
    const java = javaMember(bootstrapServers, topic, groupId, 100)
    await assignments.reach(3)
    const kcat = kcatMember(bootstrapServers, topic, groupId, 100)
    await assignments.reach(2)
    const kept = assignments.partitions
    expect(assignments.events.filter((event) => /^(revoked|lost)/.test(event))).toHaveLength(2)

    await produce(0, 50 * PARTITIONS)
    const others = await Promise.all([java, kcat])
    await assignments.reach(PARTITIONS)
    await produce(50 * PARTITIONS, 60 * PARTITIONS)
    // A foreign member whose last commit does not arrive in time leaves records that are read again, so this counts which, not how often.
    const read = (): Set<string | null> => new Set([...others.flat(), ...reading.values])
    await Promise.race([until(() => read().size === 60 * PARTITIONS), reading.done])
    await producer.close()
    await consumer.close()
    await reading.done
    expect([...read()].map(Number).toSorted((a, b) => a - b)).toEqual(numbers(0, 60 * PARTITIONS).map(Number))
    expect(new Set(reading.values).size, 'what one member reads, it reads once').toBe(reading.values.length)
    // What it had when all three were there, it never had to give up until it left.
    const gone = assignments.events.filter((event) => /^(revoked|lost)/.test(event)).slice(0, -1)
    for (const partition of kept) expect(gone.join(' ')).not.toContain(partition)
  })
})
