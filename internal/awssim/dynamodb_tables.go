package awssim

import (
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var dynamoName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// createTable makes a table that is active at once, where AWS takes some seconds.
func createTable(x *request, in *dynamodb.CreateTableInput) (*dynamodb.CreateTableOutput, error) {
	name := aws.ToString(in.TableName)
	switch {
	case !dynamoName.MatchString(name):
		return nil, dynamoInvalid("Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'")
	case x.dynamo().Tables[name] != nil:
		return nil, httpError(400, &types.ResourceInUseException{Message: aws.String("Table already exists: " + name)})
	case len(in.LocalSecondaryIndexes) > 0:
		return nil, unsimulatedDynamo("a local secondary index")
	case in.BillingMode != types.BillingModePayPerRequest && in.ProvisionedThroughput == nil:
		return nil, dynamoInvalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	case in.BillingMode == types.BillingModePayPerRequest && in.ProvisionedThroughput != nil:
		return nil, dynamoInvalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	}
	t := &dynamoTable{
		Name: name, ARN: x.st.arn("dynamodb", x.Region, "table/"+name), ID: x.st.uniqueID("", 32), Created: x.now,
		Types: map[string]types.ScalarAttributeType{}, Indexes: map[string]*dynamoIndex{}, Billing: in.BillingMode,
		Protected: aws.ToBool(in.DeletionProtectionEnabled), Encryption: clone(in.SSESpecification), Items: map[string]dynamoItem{},
	}
	if t.Billing == "" {
		t.Billing = types.BillingModeProvisioned
	}
	for _, d := range in.AttributeDefinitions {
		t.Types[aws.ToString(d.AttributeName)] = d.AttributeType
	}
	used := map[string]bool{}
	var err error
	if t.Key, err = t.schema(in.KeySchema, used); err != nil {
		return nil, err
	}
	for _, g := range in.GlobalSecondaryIndexes {
		index := &dynamoIndex{}
		if index.Key, err = t.schema(g.KeySchema, used); err != nil {
			return nil, err
		}
		if g.Projection == nil || g.Projection.ProjectionType == "" {
			return nil, dynamoInvalid("One or more parameter values were invalid: Unknown ProjectionType: null")
		}
		index.Projection = clone(*g.Projection)
		if t.Indexes[aws.ToString(g.IndexName)] != nil {
			return nil, dynamoInvalid("One or more parameter values were invalid: Duplicate index name: %s", *g.IndexName)
		}
		t.Indexes[aws.ToString(g.IndexName)] = index
	}
	if len(used) != len(t.Types) {
		return nil, dynamoInvalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	x.dynamo().Tables[name] = t
	out := t.describe()
	out.TableStatus = types.TableStatusCreating
	return &dynamodb.CreateTableOutput{TableDescription: out}, nil
}

// schema reads a key schema, and notes which attributes are in one.
func (t *dynamoTable) schema(elements []types.KeySchemaElement, used map[string]bool) (k dynamoSchema, err error) {
	for n, e := range elements {
		name := aws.ToString(e.AttributeName)
		switch {
		case t.Types[name] == "":
			return k, dynamoInvalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s]", name)
		case n == 0 && e.KeyType == types.KeyTypeHash:
			k.Partition = name
		case n == 1 && e.KeyType == types.KeyTypeRange && name != k.Partition:
			k.Sort = name
		default:
			return k, dynamoInvalid("Invalid KeySchema: element %d is not what it has to be", n+1)
		}
		used[name] = true
	}
	if k.Partition == "" {
		return k, dynamoInvalid("1 validation error detected: Value '[]' at 'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	return k, nil
}

func deleteTable(x *request, in *dynamodb.DeleteTableInput) (*dynamodb.DeleteTableOutput, error) {
	t, err := x.dynamoTable(in.TableName)
	if err != nil {
		return nil, dynamoNotFound("Requested resource not found: Table: " + aws.ToString(in.TableName) + " not found")
	}
	if t.Protected {
		return nil, dynamoInvalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	delete(x.dynamo().Tables, t.Name)
	out := t.describe()
	out.TableStatus = types.TableStatusDeleting
	return &dynamodb.DeleteTableOutput{TableDescription: out}, nil
}

func describeTable(x *request, in *dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) {
	t, err := x.dynamoTable(in.TableName)
	if err != nil {
		return nil, dynamoNotFound("Requested resource not found: Table: " + aws.ToString(in.TableName) + " not found")
	}
	return &dynamodb.DescribeTableOutput{Table: t.describe()}, nil
}

func (t *dynamoTable) describe() *types.TableDescription {
	size := 0
	for _, i := range t.Items {
		size += i.size()
	}
	out := &types.TableDescription{
		TableName: aws.String(t.Name), TableArn: aws.String(t.ARN), TableId: aws.String(t.ID), CreationDateTime: aws.Time(t.Created),
		TableStatus: types.TableStatusActive, KeySchema: t.Key.elements(), ItemCount: aws.Int64(int64(len(t.Items))),
		TableSizeBytes: aws.Int64(int64(size)), DeletionProtectionEnabled: aws.Bool(t.Protected),
		BillingModeSummary: &types.BillingModeSummary{BillingMode: t.Billing},
	}
	for _, name := range sortedKeys(t.Types) {
		out.AttributeDefinitions = append(out.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: t.Types[name]})
	}
	for _, name := range sortedKeys(t.Indexes) {
		index := t.Indexes[name]
		out.GlobalSecondaryIndexes = append(out.GlobalSecondaryIndexes, types.GlobalSecondaryIndexDescription{
			IndexName: aws.String(name), IndexArn: aws.String(t.ARN + "/index/" + name), IndexStatus: types.IndexStatusActive,
			KeySchema: index.Key.elements(), Projection: new(clone(index.Projection)),
		})
	}
	if e := t.Encryption; e != nil && aws.ToBool(e.Enabled) {
		out.SSEDescription = &types.SSEDescription{Status: types.SSEStatusEnabled, SSEType: types.SSETypeKms, KMSMasterKeyArn: clone(e.KMSMasterKeyId)}
	}
	return out
}

func (k dynamoSchema) elements() []types.KeySchemaElement {
	out := []types.KeySchemaElement{{AttributeName: aws.String(k.Partition), KeyType: types.KeyTypeHash}}
	if k.Sort != "" {
		out = append(out, types.KeySchemaElement{AttributeName: aws.String(k.Sort), KeyType: types.KeyTypeRange})
	}
	return out
}
