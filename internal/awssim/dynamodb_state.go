package awssim

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// dynamoState is DynamoDB in one Region.
type dynamoState struct {
	Tables map[string]*dynamoTable
	Tokens map[string]dynamoToken // transactions done lately, by their client's token
}

// dynamoToken says what a transaction asked that has been done. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
type dynamoToken struct {
	Request string // its hash
	At      time.Time
}

// dynamoTable is a table, active from when it is made. Its items expire as lazily as AWS allows: never.
type dynamoTable struct {
	Name, ARN, ID string
	Created       time.Time
	Key           dynamoSchema
	Indexes       map[string]*dynamoIndex
	Types         map[string]types.ScalarAttributeType // of the key attributes
	Billing       types.BillingMode
	Protected     bool // against deletion
	Encryption    *types.SSESpecification
	TTL           string // the attribute; "" for none
	Recovery      bool   // point in time
	Items         map[string]dynamoItem
}

// dynamoIndex is a global secondary index: always up to date, where AWS's may lag.
type dynamoIndex struct {
	Key        dynamoSchema
	Projection types.Projection
}

// dynamoSchema names the key attributes; Sort is "" where there is none.
type dynamoSchema struct{ Partition, Sort string }

func (k dynamoSchema) names() []string {
	if k.Sort == "" {
		return []string{k.Partition}
	}
	return []string{k.Partition, k.Sort}
}

// dynamo is this Region's DynamoDB.
func (x *request) dynamo() *dynamoState {
	d := &x.region().DynamoDB
	if d.Tables == nil {
		d.Tables, d.Tokens = map[string]*dynamoTable{}, map[string]dynamoToken{}
	}
	return d
}

// dynamoTable finds a table by its name.
func (x *request) dynamoTable(name *string) (*dynamoTable, error) {
	if name == nil || *name == "" {
		return nil, dynamoInvalid("The parameter 'TableName' is required but was not present in the request")
	}
	t, ok := x.dynamo().Tables[*name]
	if !ok {
		return nil, dynamoNotFound("Requested resource not found")
	}
	return t, nil
}

func dynamoInvalid(format string, args ...any) error {
	return apiError(400, "ValidationException", format, args...)
}

// unsimulatedDynamo is the error of a request that uses what the simulation does not know.
func unsimulatedDynamo(what string) error {
	return dynamoInvalid("awssim: %s is not simulated", what)
}

func dynamoNotFound(text string) error {
	return httpError(400, &types.ResourceNotFoundException{Message: &text})
}

// id is an item's name among the table's items.
func (t *dynamoTable) id(i dynamoItem) string {
	id := dynamoText(i[t.Key.Partition])
	if t.Key.Sort != "" {
		id += "|" + dynamoText(i[t.Key.Sort])
	}
	return id
}

// only gives the named attributes of an item, those that it has.
func (i dynamoItem) only(names []string) dynamoItem {
	out := dynamoItem{}
	for _, n := range names {
		if v, ok := i[n]; ok {
			out[n] = v
		}
	}
	return out
}

// compareItems orders items by an attribute, then by their ids.
func (t *dynamoTable) compareItems(sort string, a, b dynamoItem) int {
	if sort != "" {
		if c, ok := dynamoCompare(a[sort], b[sort]); ok && c != 0 {
			return c
		}
	}
	return strings.Compare(t.id(a), t.id(b))
}

// dynamoCompare orders two strings, numbers or binaries; ok is false for values that have no order between them.
func dynamoCompare(a, b types.AttributeValue) (order int, ok bool) {
	switch a := a.(type) {
	case *types.AttributeValueMemberS:
		if b, same := b.(*types.AttributeValueMemberS); same {
			return strings.Compare(a.Value, b.Value), true
		}
	case *types.AttributeValueMemberN:
		if b, same := b.(*types.AttributeValueMemberN); same {
			return dynamoNumber(a.Value).Cmp(dynamoNumber(b.Value)), true
		}
	case *types.AttributeValueMemberB:
		if b, same := b.(*types.AttributeValueMemberB); same {
			return bytes.Compare(a.Value, b.Value), true
		}
	}
	return 0, false
}

// sortedItems gives the items that f chooses, in the order of an attribute.
func (t *dynamoTable) sortedItems(sort string, f func(dynamoItem) bool) []dynamoItem {
	var out []dynamoItem
	for _, i := range t.Items {
		if f(i) {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b dynamoItem) int { return t.compareItems(sort, a, b) })
	return out
}
