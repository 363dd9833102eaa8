// The record that everybody writes and reads: 59 bytes in Avro.
export const value = {
  id: 'order-000123',
  customer: 'customer-42',
  amount: 12.5,
  quantity: 3,
  createdAt: 1_700_000_000_000,
  note: 'leave it!',
  tags: ['a', 'bc'],
  status: 'PAID',
}

const statuses = ['NEW', 'PAID']

export const schemas = {
  AVRO: JSON.stringify({
    type: 'record',
    name: 'Order',
    namespace: 'acme',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'customer', type: 'string' },
      { name: 'amount', type: 'double' },
      { name: 'quantity', type: 'int' },
      { name: 'createdAt', type: 'long' },
      { name: 'note', type: ['null', 'string'], default: null },
      { name: 'tags', type: { type: 'array', items: 'string' } },
      { name: 'status', type: { type: 'enum', name: 'Status', symbols: statuses } },
    ],
  }),
  JSON: JSON.stringify({
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Order',
    type: 'object',
    properties: {
      id: { type: 'string' },
      customer: { type: 'string' },
      amount: { type: 'number' },
      quantity: { type: 'integer' },
      createdAt: { type: 'integer' },
      note: { type: ['null', 'string'] },
      tags: { type: 'array', items: { type: 'string' } },
      status: { enum: statuses },
    },
    required: ['id', 'customer', 'amount', 'quantity', 'createdAt', 'tags', 'status'],
    additionalProperties: false,
  }),
  PROTOBUF: `syntax = "proto3";
package acme;
message Order {
  string id = 1;
  string customer = 2;
  double amount = 3;
  int32 quantity = 4;
  int64 createdAt = 5;
  optional string note = 6;
  repeated string tags = 7;
  Status status = 8;
}
enum Status { NEW = 0; PAID = 1; }
`,
}

/** Protobuf's value: 64-bit fields are bigints, enums numbers. */
export const protobufValue = { ...value, createdAt: 1_700_000_000_000n, status: 1 }

export const values = { AVRO: value, JSON: value, PROTOBUF: protobufValue }

/** A program has more schemas than one: what is measured must not be tuned to a single shape of record. */
export const others = Array.from({ length: 8 }, (_, k) => {
  const types = ['int', 'string', 'double', 'long']
  const samples = [1, 's', 1.5, 5e9]
  const fields = Array.from({ length: 3 + k }, (_, i) => ({ name: `f${k}_${i}`, type: types[i % 4] }))
  return {
    schema: JSON.stringify({ type: 'record', name: `Other${k}`, fields }),
    value: Object.fromEntries(fields.map(({ name }, i) => [name, samples[i % 4]])),
  }
})
