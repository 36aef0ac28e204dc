package dynamodb

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// The table's schema. All key attributes are strings; the index projects keys alone (KEYS_ONLY).
const (
	PartitionKey      = "pk"
	SortKey           = "sk"
	Index             = "list"
	IndexPartitionKey = "gsipk"
	IndexSortKey      = "gsisk"
	TimeToLive        = "ttl" // epoch seconds; on suppressions and limits alone
)

// CreateTableInput makes a table for a store, paid for by the request. TTL is a call of its own (UpdateTimeToLive).
func CreateTableInput(name string) *dynamodb.CreateTableInput {
	keys := func(partition, sort string) []types.KeySchemaElement {
		return []types.KeySchemaElement{
			{AttributeName: &partition, KeyType: types.KeyTypeHash}, {AttributeName: &sort, KeyType: types.KeyTypeRange},
		}
	}
	in := &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest, KeySchema: keys(PartitionKey, SortKey),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String(Index), KeySchema: keys(IndexPartitionKey, IndexSortKey),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}},
	}
	for _, key := range []string{PartitionKey, SortKey, IndexPartitionKey, IndexSortKey} {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(key), AttributeType: types.ScalarAttributeTypeS,
		})
	}
	return in
}

// Access is what IAM has to allow a store, by the resource it is allowed on; each list is sorted. A transaction's
// actions are those of its parts: TransactWriteItems is no IAM action.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
type Access struct {
	Table    []string // the table
	Index    []string // TABLE/index/list
	Overflow []string // the bucket's objects under the overflow's prefix
}

// Permissions is what a store may call.
func Permissions() Access {
	return Access{
		Table: []string{
			"dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
		},
		Index:    []string{"dynamodb:Query"},
		Overflow: []string{"s3:GetObject", "s3:PutObject"},
	}
}

// Sort keys, and the beginnings of those that there are many of.
const (
	skOpen       = "OPEN"
	skCase       = "CASE"
	skRecords    = "RECORDS"
	skImport     = "IMPORT"
	skCaseOf     = "CASE#"
	skRecord     = "RECORD#"
	skEntry      = "JOURNAL#"
	skDocument   = "FINDING#"
	skSuppressed = "SUPPRESSED#"
	skTally      = "TALLY"
	pkPause      = "PAUSE"
	skPause      = "PAUSE"

	unsentNotices = "UNSENT" // the index's partition of unsent notices
	allLimits     = "LIMITS" // the index's partition of the limits' tallies
)

func caseKey(id string) string                 { return "CASE#" + short(id) }
func targetKey(t finding.Target) string        { return "TARGET#" + short(t.String()) }
func recordKey(action string) string           { return skRecord + short(action) }
func entryKey(seq int) string                  { return fmt.Sprintf("%s%010d", skEntry, seq) }
func documentKey(findingID string) string      { return skDocument + short(printable(findingID)) }
func suppressionKey(findingID string) string   { return skSuppressed + short(printable(findingID)) }
func limitKey(scope string) string             { return "LIMIT#" + short(printable(scope)) }
func statusPartition(s casefile.Status) string { return "STATUS#" + string(s) }
func caseOrder(c casefile.Case) string         { return instant(c.Opened) + "#" + short(c.ID) }
func recordOrder(at time.Time, id string, seq int) string {
	return fmt.Sprintf("%s#%s#%010d", instant(at), short(id), seq)
}

// instant is a time as text that sorts as the times do.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// longest is how much of a foreign name goes into a key; DynamoDB takes sort keys of 1,024 bytes.
const longest = 700

// short is a name for a key: itself, or its beginning and its hash where it is long. Different names stay different.
func short(name string) string {
	if len(name) <= longest {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return strings.ToValidUTF8(name[:longest], "") + "#sha256:" + hex.EncodeToString(sum[:])
}

// printable quotes a name that holds what does not print, so that different bytes stay different as text.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
