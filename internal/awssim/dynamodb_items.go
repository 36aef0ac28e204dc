package awssim

import (
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// dynamoWrite is one write of one item, checked and ready: in a call of its own, or as a part of a transaction.
type dynamoWrite struct {
	table *dynamoTable
	id    string
	was   dynamoItem // nil: none
	holds condition
	to    func() (dynamoItem, error) // what the item becomes; nil: deleted. Called only if the condition holds
}

// met says whether the write's condition holds.
func (w *dynamoWrite) met() bool { return w.holds(w.was) }

// set puts what the item becomes.
func (w *dynamoWrite) set(is dynamoItem) {
	if is == nil {
		delete(w.table.Items, w.id)
	} else {
		w.table.Items[w.id] = is
	}
}

// run makes a write that is a call of its own, and gives the item after it.
func (w *dynamoWrite) run(onFailure types.ReturnValuesOnConditionCheckFailure) (is dynamoItem, err error) {
	if !w.met() {
		failed := &types.ConditionalCheckFailedException{Message: aws.String("The conditional request failed")}
		if onFailure == types.ReturnValuesOnConditionCheckFailureAllOld {
			failed.Item = w.was.cloned()
		}
		return nil, httpError(400, failed)
	}
	if is, err = w.to(); err == nil {
		w.set(is)
	}
	return is, err
}

func (x *request) putting(table *string, i map[string]types.AttributeValue, where *string, p *placeholders) (*dynamoWrite, error) {
	t, err := x.dynamoTable(table)
	if err != nil {
		return nil, err
	}
	is := dynamoItem(i).cloned()
	w := &dynamoWrite{table: t, to: func() (dynamoItem, error) { return is, nil }}
	if w.holds, err = p.condition(where); err == nil {
		err = p.finish()
	}
	if err == nil {
		err = t.checkItem(is)
	}
	if err != nil {
		return nil, err
	}
	w.id = t.id(is)
	w.was = t.Items[w.id]
	return w, nil
}

func (x *request) updating(table *string, key map[string]types.AttributeValue, expression, where *string, p *placeholders) (*dynamoWrite, error) {
	w, err := x.deleting(table, key, where, p, false)
	if err != nil {
		return nil, err
	}
	changes, err := p.update(w.table, expression)
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return nil, err
	}
	w.to = func() (dynamoItem, error) {
		was := w.was.cloned()
		if was == nil {
			was = dynamoItem(key).cloned()
		}
		is := maps.Clone(was)
		for _, c := range changes {
			if err := c.apply(was, is); err != nil {
				return nil, err
			}
		}
		return is, w.table.checkItem(is)
	}
	return w, nil
}

// deleting is also a condition's check, whose write is not made; whole says that the condition is the only expression.
func (x *request) deleting(table *string, key map[string]types.AttributeValue, where *string, p *placeholders, whole bool) (*dynamoWrite, error) {
	t, err := x.dynamoTable(table)
	if err != nil {
		return nil, err
	}
	k := dynamoItem(key).cloned()
	w := &dynamoWrite{table: t, to: func() (dynamoItem, error) { return nil, nil }}
	if w.holds, err = p.condition(where); err == nil && whole {
		err = p.finish()
	}
	if err == nil {
		err = t.checkKey(k)
	}
	if err != nil {
		return nil, err
	}
	w.id = t.id(k)
	w.was = t.Items[w.id]
	return w, nil
}

func getItem(x *request, in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
	if len(in.AttributesToGet) > 0 {
		return nil, unsimulatedDynamo("AttributesToGet")
	}
	t, err := x.dynamoTable(in.TableName)
	if err != nil {
		return nil, err
	}
	p := newPlaceholders(in.ExpressionAttributeNames, nil)
	names, err := p.projection(in.ProjectionExpression)
	if err == nil {
		err = p.finish()
	}
	key := dynamoItem(in.Key).cloned()
	if err == nil {
		err = t.checkKey(key)
	}
	if err != nil {
		return nil, err
	}
	i := t.Items[t.id(key)]
	if i != nil && names != nil {
		i = i.only(names)
	}
	return &dynamodb.GetItemOutput{Item: i.cloned()}, nil
}

// projection reads a ProjectionExpression; nil for none.
func (p *placeholders) projection(expression *string) (names []string, err error) {
	if expression == nil {
		return nil, nil
	}
	r := p.parser("ProjectionExpression", *expression)
	for more := true; more && r.err == nil; more = r.is(",") {
		names = append(names, r.path())
	}
	return names, r.end()
}

func putItem(x *request, in *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
	switch {
	case len(in.Expected) > 0 || in.ConditionalOperator != "":
		return nil, unsimulatedDynamo("Expected")
	case in.ReturnValues != "" && in.ReturnValues != types.ReturnValueNone && in.ReturnValues != types.ReturnValueAllOld:
		return nil, dynamoInvalid("Return values set to invalid value")
	}
	w, err := x.putting(in.TableName, in.Item, in.ConditionExpression, newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues))
	if err != nil {
		return nil, err
	}
	if _, err := w.run(in.ReturnValuesOnConditionCheckFailure); err != nil {
		return nil, err
	}
	out := &dynamodb.PutItemOutput{}
	if in.ReturnValues == types.ReturnValueAllOld {
		out.Attributes = w.was.cloned()
	}
	return out, nil
}

func deleteItem(x *request, in *dynamodb.DeleteItemInput) (*dynamodb.DeleteItemOutput, error) {
	switch {
	case len(in.Expected) > 0 || in.ConditionalOperator != "":
		return nil, unsimulatedDynamo("Expected")
	case in.ReturnValues != "" && in.ReturnValues != types.ReturnValueNone && in.ReturnValues != types.ReturnValueAllOld:
		return nil, dynamoInvalid("Return values set to invalid value")
	}
	w, err := x.deleting(in.TableName, in.Key, in.ConditionExpression, newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues), true)
	if err != nil {
		return nil, err
	}
	if _, err := w.run(in.ReturnValuesOnConditionCheckFailure); err != nil {
		return nil, err
	}
	out := &dynamodb.DeleteItemOutput{}
	if in.ReturnValues == types.ReturnValueAllOld {
		out.Attributes = w.was.cloned()
	}
	return out, nil
}

func updateItem(x *request, in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
	if len(in.Expected) > 0 || in.ConditionalOperator != "" || len(in.AttributeUpdates) > 0 {
		return nil, unsimulatedDynamo("Expected or AttributeUpdates")
	}
	w, err := x.updating(in.TableName, in.Key, in.UpdateExpression, in.ConditionExpression, newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues))
	if err != nil {
		return nil, err
	}
	is, err := w.run(in.ReturnValuesOnConditionCheckFailure)
	if err != nil {
		return nil, err
	}
	switch in.ReturnValues {
	case "", types.ReturnValueNone:
		return &dynamodb.UpdateItemOutput{}, nil
	case types.ReturnValueAllOld:
		return &dynamodb.UpdateItemOutput{Attributes: w.was.cloned()}, nil
	case types.ReturnValueAllNew:
		return &dynamodb.UpdateItemOutput{Attributes: is.cloned()}, nil
	default:
		return nil, unsimulatedDynamo("ReturnValues " + string(in.ReturnValues))
	}
}
