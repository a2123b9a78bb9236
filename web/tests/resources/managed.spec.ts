// What Helm or GitOps owns is visibly read-only, and says by whom.
import { expect, expectAccessible, fixture, look, test } from '../harness/test';

const owned = `apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata:
  name: owned
  labels: {app.kubernetes.io/managed-by: Helm}
spec: {displayName: Owned, modelRef: {name: default}}
`;

const tracked = `apiVersion: troupe.dev/v1alpha1
kind: PromptTemplate
metadata:
  name: tracked
  labels: {argocd.argoproj.io/instance: prompts}
spec: {content: Be kind.}
`;

test.use({ manifests: { ...fixture('basics'), 'owned.yaml': owned, 'tracked.yaml': tracked } });

test('what Helm owns is read-only and says so', async ({ page }) => {
  await page.goto('/#/agents');
  await expect(page.getByRole('row', { name: /Owned/ }).getByRole('img', { name: 'Managed by Helm' })).toBeVisible();
  await page.getByRole('button', { name: 'Actions for Owned' }).click();
  await expect(page.getByRole('menuitem', { name: 'Delete' })).toBeDisabled();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Owned' }).click();
  await expect(page.getByText('Managed by Helm', { exact: true })).toBeVisible();
  await expect(page.getByText('Change it there')).toBeVisible();
  await expect(page.getByLabel('Name for people')).not.toBeEditable();
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();
  await expectAccessible(page);
  await look(page, 'managed');
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await expect(page.getByLabel('Name', { exact: false }).first()).toHaveValue('owned-copy');
});

test('what GitOps owns is read-only and says so, and is left out where several are deleted', async ({
  page,
  troupe,
}) => {
  await page.goto('/#/prompts');
  await expect(
    page.getByRole('row', { name: /tracked/ }).getByRole('img', { name: 'Managed by Argo CD' }),
  ).toBeVisible();
  await page.getByLabel('Select assistant').check();
  await page.getByLabel('Select tracked').check();
  await page.getByRole('button', { name: 'Delete 2' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete assistant?' });
  await expect(dialog).toContainText('1 of them');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('link', { name: 'tracked' }).click();
  await expect(page.getByText('Managed by Argo CD', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();
  await expectAccessible(page);
  expect(await troupe.api('GET', '/v1/resources/prompttemplates/tracked')).toMatchObject({
    spec: { content: 'Be kind.' },
  });
});
