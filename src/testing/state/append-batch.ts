import { DecodeError, KafkaError } from '../../errors.ts'
import { crc32c } from '../../protocol/bytes/crc32c.ts'
import { ERROR } from '../../protocol/error-codes.ts'
import { AT, setBaseOffset, setLogAppendTime } from '../../protocol/records/batch-header.ts'
import { readBatches } from '../../protocol/records/read-batches.ts'
import type { RecordBatch } from '../../protocol/records/record-batch.ts'
import type { Partition } from './partition.ts'

/** A record that made its batch be refused. */
export interface RecordFault {
  /** Which record of the batch, from 0. */
  batchIndex: number
  message: string
}

/** What became of a batch, as the Produce response tells it. */
export interface AppendResult {
  /** 0 when it was written, now or by an earlier attempt. */
  errorCode: number
  /** Why the batch was refused; the client is only told when there are `recordErrors`, as in Kafka. */
  reason: string | null
  recordErrors: RecordFault[]
  /** Whether the batch got as far as the log, so that the client is told where that starts. */
  isAtLog: boolean
  /** -1 when it was not written. */
  baseOffset: number
  /** Milliseconds; -1 where producers set the timestamps. */
  logAppendTime: number
}

/** First version of Produce that allows zstd (KIP-110). */
const FIRST_VERSION_WITH_ZSTD = 7

/**
 * Appends what one partition of a Produce request carries, which has to be exactly one v2 batch. It is validated as
 * Kafka does it, and stored in a copy that has offset, leader epoch and, if the topic wants it, the time filled in
 * (Java: UnifiedLog.append, LogValidator).
 */
export async function appendBatch(
  partition: Partition,
  records: Uint8Array | null,
  apiVersion: number,
): Promise<AppendResult> {
  const batch = readSingleBatch(records, apiVersion)
  if ('errorCode' in batch) return batch
  const refused = headerFault(batch, partition) ?? (await recordsFault(batch, partition))
  if (refused !== undefined) return refused
  const { config } = partition.topic
  // From here on nothing waits, so that batches of one partition cannot mix.
  const baseOffset = partition.log.endOffset
  const logAppendTime = config.isLogAppendTime ? Date.now() : -1
  const maxTimestamp = config.isLogAppendTime ? logAppendTime : batch.maxTimestamp
  const sequenced = {
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    count: batch.count!,
  }
  if (batch.producerId >= 0n) {
    const isFirstOfV2 = batch.isTransactional && apiVersion > 11 && !partition.transactions.isOpen(batch.producerId)
    const verdict = partition.producers.judge(sequenced, isFirstOfV2)
    if (verdict.kind === 'refuse') return refusalOfLog(verdict.errorCode, verdict.reason)
    // Kafka answers with the largest timestamp as append time here, whoever set it.
    if (verdict.kind === 'duplicate') return accepted(verdict.of.baseOffset, verdict.of.maxTimestamp)
    if (!batch.isTransactional && partition.transactions.isOpen(batch.producerId)) {
      return refusalOfLog(ERROR.INVALID_TXN_STATE, 'the producer has a transaction open, which the batch is no part of')
    }
    partition.producers.note(sequenced, baseOffset, maxTimestamp)
    if (batch.isTransactional) partition.transactions.note(batch.producerId, baseOffset)
  }
  const bytes = batch.bytes.slice()
  setBaseOffset(bytes, baseOffset, partition.leaderEpoch)
  if (config.isLogAppendTime) setLogAppendTime(bytes, logAppendTime)
  const lastOffset = baseOffset + batch.lastOffset - batch.baseOffset
  partition.log.append({ bytes, baseOffset, lastOffset, maxTimestamp, leaderEpoch: partition.leaderEpoch })
  partition.changed()
  return accepted(baseOffset, logAppendTime)
}

function accepted(baseOffset: number, logAppendTime: number): AppendResult {
  return { errorCode: ERROR.NONE, reason: null, recordErrors: [], isAtLog: true, baseOffset, logAppendTime }
}

/** The result for a batch that did not get as far as the log. */
export function refusal(errorCode: number, reason: string | null): AppendResult {
  return { errorCode, reason, recordErrors: [], isAtLog: false, baseOffset: -1, logAppendTime: -1 }
}

/** The result for a batch that the log does not take. */
function refusalOfLog(errorCode: number, reason: string, recordErrors: RecordFault[] = []): AppendResult {
  return { errorCode, reason, recordErrors, isAtLog: true, baseOffset: -1, logAppendTime: -1 }
}

/** The one batch that a partition may carry; its checksum is looked at later (Java: ProduceRequest.validateRecords). */
function readSingleBatch(records: Uint8Array | null, apiVersion: number): RecordBatch | AppendResult {
  try {
    const [batch, another] = readBatches(records ?? new Uint8Array(0), { checkCrcs: false })
    if (batch === undefined) return refusal(ERROR.INVALID_RECORD, 'there is no whole batch')
    if (batch.magic !== 2) return refusal(ERROR.INVALID_RECORD, `magic ${batch.magic} is not allowed: it has to be 2`)
    if (batch.compression === 'zstd' && apiVersion < FIRST_VERSION_WITH_ZSTD) {
      return refusal(ERROR.UNSUPPORTED_COMPRESSION_TYPE, `zstd needs version ${FIRST_VERSION_WITH_ZSTD} of Produce`)
    }
    return another === undefined ? batch : refusal(ERROR.INVALID_RECORD, 'there is more than one batch')
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (isUnreadable(error)) return refusal(ERROR.CORRUPT_MESSAGE, error.message)
    return refusalOfLog(ERROR.INVALID_RECORD, error.message)
  }
}

/** Whether an error of reading batches means that there is no telling where a batch ends. */
export function isUnreadable(error: DecodeError): boolean {
  return /\.(?:batchLength|magic)$/.test(error.path)
}

function invalid(reason: string): AppendResult {
  return refusalOfLog(ERROR.INVALID_RECORD, reason)
}

/**
 * What is wrong with the header of a batch (Java: UnifiedLog.analyzeAndValidateRecords, then
 * LogValidator.validateBatch).
 */
function headerFault(batch: RecordBatch, { topic }: Partition): AppendResult | undefined {
  const { maxMessageBytes } = topic.config
  if (batch.baseOffset !== 0) return invalid(`the base offset of the batch is ${batch.baseOffset} and has to be 0`)
  if (batch.sizeInBytes > maxMessageBytes) {
    const reason = `the batch has ${batch.sizeInBytes} bytes, and max.message.bytes is ${maxMessageBytes}`
    return refusal(ERROR.MESSAGE_TOO_LARGE, reason)
  }
  if (!isChecksumRight(batch.bytes)) return refusal(ERROR.CORRUPT_MESSAGE, 'the checksum is wrong')
  const count = batch.count!
  const span = batch.lastOffset - batch.baseOffset + 1
  if (count <= 0 || span !== count) {
    return invalid(`the batch spans ${span} offsets and says that it has ${count} records`)
  }
  if (batch.isControl) return invalid('clients may not write control records')
  if (batch.producerId >= 0n && batch.baseSequence < 0) return invalid(`sequence ${batch.baseSequence} is negative`)
  return undefined
}

function isChecksumRight(batch: Uint8Array): boolean {
  const sent = new DataView(batch.buffer, batch.byteOffset, batch.byteLength).getUint32(AT.CRC)
  return crc32c(batch, AT.ATTRIBUTES) === sent
}

/**
 * What is wrong with single records (Java: LogValidator.validateRecord). They are decoded only when the header cannot
 * answer: for keys in a compacted topic, and to name the records when the largest timestamp is too far ahead.
 */
async function recordsFault(batch: RecordBatch, { topic }: Partition): Promise<AppendResult | undefined> {
  const { isCompacted, isLogAppendTime, timestampAfterMaxMs, timestampBeforeMaxMs } = topic.config
  const now = Date.now()
  const isAhead = batch.maxTimestamp - now > timestampAfterMaxMs
  const isDated = !isLogAppendTime && (isAhead || timestampBeforeMaxMs < Number.MAX_SAFE_INTEGER)
  if (!isCompacted && !isDated) return undefined
  const faults: RecordFault[] = []
  let hasMisdated = false
  try {
    const cursor = await batch.cursor()
    for (let batchIndex = 0; cursor.next(); batchIndex++) {
      const { timestamp, keySize } = cursor
      const isOff = timestamp - now > timestampAfterMaxMs || now - timestamp > timestampBeforeMaxMs
      if (isCompacted && keySize < 0) {
        faults.push({ batchIndex, message: 'Compacted topic cannot accept message without key' })
      } else if (isDated && isOff && timestamp !== -1) {
        hasMisdated = true
        faults.push({ batchIndex, message: `Timestamp ${timestamp} of message is out of range` })
      }
    }
  } catch (error) {
    return refusalOfLog(ERROR.INVALID_RECORD, messageOf(error))
  }
  if (faults.length === 0) return undefined
  const rejected = 'One or more records have been rejected'
  if (hasMisdated) return refusalOfLog(ERROR.INVALID_TIMESTAMP, `${rejected} due to invalid timestamp`, faults)
  return refusalOfLog(ERROR.INVALID_RECORD, rejected, faults)
}

function messageOf(error: unknown): string {
  if (error instanceof KafkaError) return error.message
  throw error
}
