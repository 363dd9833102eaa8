import { KafkaError } from '../../errors.ts'
import { ERROR } from '../../protocol/error-codes.ts'
import { setBaseOffset, setLogAppendTime } from '../../protocol/records/batch-header.ts'
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
  errorMessage: string | null
  recordErrors: RecordFault[]
  /** -1 when it was not written. */
  baseOffset: number
  /** Milliseconds; -1 where producers set the timestamps. */
  logAppendTime: number
}

/** First version of Produce that allows zstd (KIP-110). */
const FIRST_VERSION_WITH_ZSTD = 7

/**
 * Appends what one partition of a Produce request carries, which has to be exactly one v2 batch. It is validated as Kafka does it, and stored in
 * a copy that has offset, leader epoch and, if the topic wants it, the time filled in (Java: UnifiedLog.append, LogValidator).
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
  const sequenced = {
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    count: batch.count!,
  }
  if (batch.producerId >= 0n) {
    const verdict = partition.producers.judge(sequenced)
    if (verdict.kind === 'refuse') return refusal(verdict.errorCode, verdict.reason)
    if (verdict.kind === 'duplicate') return accepted(verdict.of.baseOffset, verdict.of.logAppendTime)
    partition.producers.note(sequenced, baseOffset, logAppendTime)
  }
  const bytes = batch.bytes.slice()
  setBaseOffset(bytes, baseOffset, partition.leaderEpoch)
  if (config.isLogAppendTime) setLogAppendTime(bytes, logAppendTime)
  const lastOffset = baseOffset + batch.lastOffset - batch.baseOffset
  const maxTimestamp = config.isLogAppendTime ? logAppendTime : batch.maxTimestamp
  partition.log.append({ bytes, baseOffset, lastOffset, maxTimestamp, leaderEpoch: partition.leaderEpoch })
  partition.changed()
  return accepted(baseOffset, logAppendTime)
}

function accepted(baseOffset: number, logAppendTime: number): AppendResult {
  return { errorCode: ERROR.NONE, errorMessage: null, recordErrors: [], baseOffset, logAppendTime }
}

/** The result for a batch that was not written. */
export function refusal(
  errorCode: number,
  errorMessage: string | null,
  recordErrors: RecordFault[] = [],
): AppendResult {
  return { errorCode, errorMessage, recordErrors, baseOffset: -1, logAppendTime: -1 }
}

/** The one batch that a partition may carry (Java: ProduceRequest.validateRecords). */
function readSingleBatch(records: Uint8Array | null, apiVersion: number): RecordBatch | AppendResult {
  const wrongCount = `Produce requests with version ${apiVersion} must have exactly one record batch`
  try {
    const [batch, another] = readBatches(records ?? new Uint8Array(0))
    if (batch === undefined || another !== undefined) return refusal(ERROR.INVALID_RECORD, wrongCount)
    if (batch.magic !== 2) return refusal(ERROR.INVALID_RECORD, `magic ${batch.magic} is not allowed: it has to be 2`)
    if (batch.compression === 'zstd' && apiVersion < FIRST_VERSION_WITH_ZSTD) {
      return refusal(ERROR.UNSUPPORTED_COMPRESSION_TYPE, `zstd needs version ${FIRST_VERSION_WITH_ZSTD} of Produce`)
    }
    return batch
  } catch (error) {
    return refusal(ERROR.CORRUPT_MESSAGE, messageOf(error))
  }
}

/** What is wrong with the header of a batch (Java: LogValidator.validateBatch, UnifiedLog.analyzeAndValidateRecords). */
function headerFault(batch: RecordBatch, { topic }: Partition): AppendResult | undefined {
  const { maxMessageBytes } = topic.config
  if (batch.sizeInBytes > maxMessageBytes) {
    const message = `The record batch size in the append is ${batch.sizeInBytes} bytes which exceeds the maximum configured value of ${maxMessageBytes}.`
    return refusal(ERROR.MESSAGE_TOO_LARGE, message)
  }
  const invalid = (message: string): AppendResult => refusal(ERROR.INVALID_RECORD, message)
  if (batch.baseOffset !== 0) return invalid(`the base offset of the batch is ${batch.baseOffset} and has to be 0`)
  const count = batch.count!
  const span = batch.lastOffset - batch.baseOffset + 1
  if (count <= 0 || span !== count)
    return invalid(`the batch spans ${span} offsets and says that it has ${count} records`)
  if (batch.isControl) return invalid('clients may not write control records')
  if (batch.producerId >= 0n && batch.baseSequence < 0) return invalid(`sequence ${batch.baseSequence} is negative`)
  if (batch.isTransactional) return refusal(ERROR.INVALID_TXN_STATE, 'the producer has no ongoing transaction')
  return undefined
}

/**
 * What is wrong with single records (Java: LogValidator.validateRecord). They are decoded only when the header cannot answer: for keys in a
 * compacted topic, and to name the records when the largest timestamp is too far ahead.
 */
async function recordsFault(batch: RecordBatch, { topic }: Partition): Promise<AppendResult | undefined> {
  const { isCompacted, isLogAppendTime, timestampAfterMaxMs, timestampBeforeMaxMs } = topic.config
  const now = Date.now()
  const isAhead = batch.maxTimestamp - now > timestampAfterMaxMs
  const isDated = !isLogAppendTime && (isAhead || timestampBeforeMaxMs < Number.MAX_SAFE_INTEGER)
  if (!isCompacted && !isDated) return undefined
  const keyless: RecordFault[] = []
  const misdated: RecordFault[] = []
  try {
    const cursor = await batch.cursor()
    for (let batchIndex = 0; cursor.next(); batchIndex++) {
      const { timestamp, keySize } = cursor
      if (isCompacted && keySize < 0) {
        keyless.push({ batchIndex, message: 'Compacted topic cannot accept message without key' })
      }
      const isOff = timestamp - now > timestampAfterMaxMs || now - timestamp > timestampBeforeMaxMs
      if (isDated && isOff && timestamp !== -1) {
        misdated.push({ batchIndex, message: `Timestamp ${timestamp} of message is out of range` })
      }
    }
  } catch (error) {
    return refusal(ERROR.INVALID_RECORD, messageOf(error))
  }
  const rejected = 'One or more records have been rejected'
  if (misdated.length > 0) return refusal(ERROR.INVALID_TIMESTAMP, `${rejected} due to invalid timestamp`, misdated)
  if (keyless.length > 0) return refusal(ERROR.INVALID_RECORD, rejected, keyless)
  return undefined
}

function messageOf(error: unknown): string {
  if (error instanceof KafkaError) return error.message
  throw error
}
