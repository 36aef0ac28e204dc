package awssim

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// DynamoDB's limits, in bytes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
const (
	maxDynamoItem      = 400 << 10
	maxDynamoPartition = 2048
	maxDynamoSort      = 1024
	maxDynamoPage      = 1 << 20
)

// checkKey holds a key (of GetItem and the like) against the table's: just its attributes, of their types.
func (t *dynamoTable) checkKey(key dynamoItem) error {
	names := t.Key.names()
	if len(key) != len(names) {
		return dynamoInvalid("The provided key element does not match the schema")
	}
	for _, n := range names {
		if v, ok := key[n]; !ok || dynamoType(v) != t.Types[n] {
			return dynamoInvalid("The provided key element does not match the schema")
		}
	}
	return t.checkKeyValues(key)
}

// checkItem holds a whole item against the table: the types and sizes of its key, the types of index keys, its size.
func (t *dynamoTable) checkItem(i dynamoItem) error {
	for _, n := range t.Key.names() {
		v, ok := i[n]
		if !ok {
			return dynamoInvalid("One or more parameter values were invalid: Missing the key %s in the item", n)
		}
		if v == nil || dynamoType(v) != t.Types[n] {
			return dynamoInvalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", n, t.Types[n], dynamoType(v))
		}
	}
	if err := t.checkKeyValues(i); err != nil {
		return err
	}
	if err := t.checkIndexKeys(i); err != nil {
		return err
	}
	for _, n := range slices.Sorted(maps.Keys(i)) {
		if err := normal(i[n]); err != nil {
			return err
		}
	}
	if i.size() > maxDynamoItem {
		return dynamoInvalid("Item size has exceeded the maximum allowed size")
	}
	return nil
}

func (t *dynamoTable) checkKeyValues(i dynamoItem) error {
	for n, name := range t.Key.names() {
		v, size := i[name], dynamoSize(i[name])
		if size == 0 {
			return dynamoInvalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", name)
		}
		if err := normal(v); err != nil {
			return err
		}
		if n == 0 && size > maxDynamoPartition {
			return dynamoInvalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
		}
		if n == 1 && size > maxDynamoSort {
			return dynamoInvalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
		}
	}
	return nil
}

func (t *dynamoTable) checkIndexKeys(i dynamoItem) error {
	for _, index := range sortedKeys(t.Indexes) {
		for _, n := range t.Indexes[index].Key.names() {
			v, ok := i[n]
			switch {
			case !ok: // not in this index
			case v == nil || dynamoType(v) != t.Types[n]:
				return dynamoInvalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", n, t.Types[n], dynamoType(v), index)
			case dynamoSize(v) == 0:
				return dynamoInvalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: %s, IndexKey: %s", index, n)
			}
		}
	}
	return nil
}

// has says whether an item is in the index: it is where it has all of its key.
func (x *dynamoIndex) has(i dynamoItem) bool {
	for _, n := range x.Key.names() {
		if _, ok := i[n]; !ok {
			return false
		}
	}
	return true
}

// shows is what the index shows of an item.
func (x *dynamoIndex) shows(t *dynamoTable, i dynamoItem) dynamoItem {
	if x.Projection.ProjectionType == types.ProjectionTypeAll {
		return i
	}
	names := append(t.Key.names(), x.Key.names()...)
	return i.only(append(names, x.Projection.NonKeyAttributes...))
}
