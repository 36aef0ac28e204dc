package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
)

// checkStore looks at the case table: that it is there and of the shape that the store wants, and cannot be lost.
func checkStore(ctx context.Context, p *patient) ([]Result, error) {
	name, ok := strings.CutPrefix(p.Config.Store, dynamodb.Scheme)
	if !ok {
		return one(Result{
			Check: "store.table", Severity: Note, Subject: p.Config.Store, Found: "cases are kept on this machine: another machine does not see them",
			Remedy: "for more than one machine set store: dynamodb://TABLE",
		})
	}
	client := ddb.NewFromConfig(p.cfg)
	out, err := client.DescribeTable(ctx, &ddb.DescribeTableInput{TableName: &name})
	switch {
	case cloud.Is(err, "ResourceNotFoundException"):
		return one(Result{
			Check: "store.table", Severity: Problem, Subject: name, Found: "there is no such table in " + p.Region + ": nothing can be answered",
			Remedy: "deploy deploy/sam or deploy/terraform, or set store",
		})
	case err != nil:
		return nil, err
	}
	results := []Result{shape(name, out.Table)}
	if results[0].Severity == OK && !aws.ToBool(out.Table.DeletionProtectionEnabled) {
		results = append(results, Result{
			Check: "store.protection", Severity: Warning, Subject: name, Found: "deletion protection is off: the table, and with it every prior state, can be deleted",
			Remedy: "aws dynamodb update-table --table-name " + name + " --deletion-protection-enabled",
		})
	}
	backups, err := client.DescribeContinuousBackups(ctx, &ddb.DescribeContinuousBackupsInput{TableName: &name})
	if err != nil {
		return append(results, p.unchecked("store.backups", name, err)), nil
	}
	return append(results, recovery(name, backups.ContinuousBackupsDescription)), nil
}

// shape holds the table against the store's schema.
func shape(name string, t *ddbtypes.TableDescription) Result {
	r := Result{Check: "store.table", Severity: OK, Subject: name, Found: "the table is there, with the store's keys and index"}
	fault := func(format string, args ...any) Result {
		r.Severity, r.Found = Problem, fmt.Sprintf(format, args...)
		r.Remedy = "make the table anew from deploy/sam or deploy/terraform"
		return r
	}
	switch {
	case t.TableStatus != ddbtypes.TableStatusActive && t.TableStatus != ddbtypes.TableStatusUpdating:
		return fault("the table is %s", t.TableStatus)
	case keys(t.KeySchema) != dynamodb.PartitionKey+","+dynamodb.SortKey:
		return fault("the table's keys are %s, not %s,%s", keys(t.KeySchema), dynamodb.PartitionKey, dynamodb.SortKey)
	}
	for _, index := range t.GlobalSecondaryIndexes {
		if aws.ToString(index.IndexName) == dynamodb.Index && keys(index.KeySchema) == dynamodb.IndexPartitionKey+","+dynamodb.IndexSortKey {
			return r
		}
	}
	return fault("the table has no index %s on %s,%s", dynamodb.Index, dynamodb.IndexPartitionKey, dynamodb.IndexSortKey)
}

func keys(schema []ddbtypes.KeySchemaElement) string {
	var hash, rest string
	for _, k := range schema {
		if k.KeyType == ddbtypes.KeyTypeHash {
			hash = aws.ToString(k.AttributeName)
		} else {
			rest += "," + aws.ToString(k.AttributeName)
		}
	}
	return hash + rest
}

func recovery(name string, d *ddbtypes.ContinuousBackupsDescription) Result {
	if d != nil && d.PointInTimeRecoveryDescription != nil && d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == ddbtypes.PointInTimeRecoveryStatusEnabled {
		return Result{Check: "store.backups", Severity: OK, Subject: name, Found: "point-in-time recovery is on"}
	}
	return Result{
		Check: "store.backups", Severity: Warning, Subject: name, Found: "point-in-time recovery is off: cases that are spoilt are lost",
		Remedy: "aws dynamodb update-continuous-backups --table-name " + name + " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
	}
}
