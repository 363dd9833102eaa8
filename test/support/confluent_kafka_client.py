"""Confluent's client for Python, on librdkafka: a command, what it is to do and its settings; what comes of it, a line each as JSON."""

import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition


def tell(**event):
    print(json.dumps(event), flush=True)


def text(data):
    return None if data is None else data.decode()


def tell_record(message):
    headers = [[name, text(value)] for name, value in message.headers() or []]
    place = {"partition": message.partition(), "offset": message.offset()}
    tell(name="record", **place, key=text(message.key()), value=text(message.value()), headers=headers)


def member(config, topic, count):
    """Reads as a member of a group until it has so many records, says what happened to its assignment, and leaves."""

    def teller(name):
        return lambda _, partitions: tell(name=name, count=len(partitions))

    consumer = Consumer(config)
    consumer.subscribe([topic], on_assign=teller("assigned"), on_revoke=teller("revoked"), on_lost=teller("lost"))
    while count > 0:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise Exception(str(message.error()))
        tell_record(message)
        count -= 1
    consumer.close()


def read(config, topic):
    """Reads a topic from its beginning to its end, in no group."""
    consumer = Consumer({"group.id": "none", "enable.auto.commit": False, "enable.partition.eof": True, **config})
    partitions = consumer.list_topics(topic, 30).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    open_count = len(partitions)
    while open_count > 0:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error() is None:
            tell_record(message)
        elif message.error().code() == KafkaError._PARTITION_EOF:
            open_count -= 1
        else:
            raise Exception(str(message.error()))
    consumer.close()


def write(config, topic, records):
    failures = []
    producer = Producer(config)
    for record in records:
        headers = [(name, None if value is None else value.encode()) for name, value in record["headers"]]
        producer.produce(
            topic,
            key=record["key"],
            value=record["value"],
            headers=headers,
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
    if producer.flush(30) > 0 or failures:
        raise Exception("not delivered: " + ", ".join(map(str, failures)))


request = json.load(sys.stdin)
{"member": member, "read": read, "write": write}[sys.argv[1]](**request)
